/** The qualified, quoted names of a schema's tables: search paths do not survive transaction poolers. */
export interface Tables {
  readonly schema: string;
  readonly state: string;
  readonly task: string;
  readonly done: string;
  readonly payload: string;
  readonly attempt: string;
  readonly worker: string;
  readonly queue: string;
  readonly key: string;
  readonly audit: string;
  readonly expiry: string;
  readonly gate: string;
  readonly taskGate: string;
  readonly command: string;
  readonly reply: string;
  readonly override: string;
  readonly broker: string;
  readonly outbox: string;
  readonly edge: string;
  readonly release: string;
  readonly signal: string;
  readonly statistic: string;
  readonly errorGroup: string;
  readonly errorTask: string;
  readonly log: string;
  readonly schedule: string;
  readonly sweep: string;
  readonly auditedQueue: string;
  readonly auditedJob: string;
  /** Whether ready rows are noted in the outbox until the broker, another process, has been told of them. */
  readonly relayed: boolean;
}

/**
 * @param schema checked before by `assertSchemaName`
 * @param relayed see {@link Tables.relayed}
 */
export function tablesOf(schema: string, relayed = false): Tables {
  const of = (name: string) => `"${schema}".${name}`;
  return {
    schema,
    state: of('task_state'),
    task: of('task'),
    done: of('task_done'),
    payload: of('payload'),
    attempt: of('attempt'),
    worker: of('worker'),
    queue: of('queue'),
    key: of('unique_key'),
    audit: of('audit'),
    expiry: of('result_expiry'),
    gate: of('gate'),
    taskGate: of('task_gate'),
    command: of('command'),
    reply: of('command_reply'),
    override: of('task_override'),
    broker: of('broker'),
    outbox: of('outbox'),
    edge: of('edge'),
    release: of('release'),
    signal: of('signal'),
    statistic: of('task_statistic'),
    errorGroup: of('error_group'),
    errorTask: of('error_task'),
    log: of('task_log'),
    schedule: of('schedule'),
    sweep: of('sweep'),
    auditedQueue: of('audited_queue'),
    auditedJob: of('audited_job'),
    relayed,
  };
}
