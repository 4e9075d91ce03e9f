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
] as const;

/** Those that a row keeps as they are when it moves between the two tables, prefixed: `d.id, d.created_at, …`. */
export function kept(prefix: string, ...except: (typeof SHARED_COLUMNS)[number][]): string {
  return SHARED_COLUMNS.filter((column) => !except.includes(column))
    .map((column) => `${prefix}${column}`)
    .join(', ');
}

/** Bits of `codec`: where the arguments and the result lie. */
export const ARGS_IN_PAYLOAD = 1;
export const RESULT_IN_PAYLOAD = 2;
/** `payload.kind`. */
export const PAYLOAD_ARGS = 0;
export const PAYLOAD_RESULT = 1;
/** Above this many characters of JSON, arguments and results lie in `payload`: moving them between tables is dear. */
export const PAYLOAD_THRESHOLD = 2048;

/** Bits of `flags`. Rows without any take the fast lane of every statement. */
export const GATED = 4;
export const ACKNOWLEDGED_EARLY = 8;
