/** The columns that `task` and `task_done` share, as the migration names them. */
export const SHARED_COLUMNS = [
  'id',
  'created_at',
  'due_at',
  'expires_at',
  'ready_at',
  'started_at',
  'revoke_at',
  'revoke_deadline',
  'fence',
  'worker_id',
  'dispatch',
  'waiting_on',
  'state',
  'priority',
  'attempt',
  'retries',
  'crashes',
  'flags',
  'codec',
  'name',
  'queue',
  'owner',
  'tags',
  'root_id',
  'parent_id',
  'group_id',
  'args',
  'options',
  'progress',
  'workflow_id',
] as const;

/** Those that a row keeps as they are when it moves between the two tables, prefixed: `d.id, d.created_at, …`. */
export function kept(prefix: string, ...except: (typeof SHARED_COLUMNS)[number][]): string {
  return SHARED_COLUMNS.filter((column) => !except.includes(column))
    .map((column) => `${prefix}${column}`)
    .join(', ');
}

/** Those that a finished row keeps when it is made live again; of its options, not until when it had waited for signals. */
export const KEPT_BY_RETRY = kept(
  '',
  'state',
  'codec',
  'ready_at',
  'due_at',
  'expires_at',
  'started_at',
  'revoke_at',
  'revoke_deadline',
  'fence',
  'worker_id',
  'dispatch',
  'waiting_on',
  'retries',
  'crashes',
  'progress',
  'options',
);

/** Counts of attempts and retries end at what their columns hold: a task may be tried for ever. */
export const MAX_COUNT = 32767;

/** Bits of `codec`: where the arguments and the result lie. */
export const ARGS_IN_PAYLOAD = 1;
export const RESULT_IN_PAYLOAD = 2;
/** `payload.kind`. */
export const PAYLOAD_ARGS = 0;
export const PAYLOAD_RESULT = 1;
/** Above this many characters of JSON, arguments and results lie in `payload`: moving them between tables is dear. */
export const PAYLOAD_THRESHOLD = 2048;

/** Bits of `flags`. Rows without any take the fast lane of every statement. */
/** Others wait for its end. */
export const HAS_DEPENDENTS = 1;
/** Its arguments are made from what it waited for. */
export const FED = 2;
export const GATED = 4;
export const ACKNOWLEDGED_EARLY = 8;
/** So many wait for its end that they are released in steps. */
export const WIDE = 16;
/** The record of another system's job: nothing here moves it but what is heard of that job. */
export const AUDITED = 32;
/** One task waits for its end, and for nothing else: who ends it may go on with that at once. */
export const LEADS_ON = 64;
