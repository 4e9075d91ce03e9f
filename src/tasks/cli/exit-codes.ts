/** How a command ended, for scripts. */
export const EXIT = {
  ok: 0,
  /** The task failed or was revoked, a worker refused, a check found something. */
  failed: 1,
  /** The command was not understood. */
  usage: 2,
  /** No task, queue, worker or file of that name. */
  notFound: 3,
  /** The task has not ended (in time), or a worker did not answer. */
  timeout: 4,
  /** The database or the broker cannot be reached or used. */
  unreachable: 5,
  /** A mistake of celeriac's. */
  internal: 70,
} as const;

/** How a command of `celeriac` ended. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
