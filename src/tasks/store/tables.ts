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
}

/** @param schema checked before by `assertSchemaName` */
export function tablesOf(schema: string): Tables {
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
  };
}
