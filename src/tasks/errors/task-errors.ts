import { CeleriacError } from './celeriac-error.js';

/** No record has this id (or not for you). */
export class TaskNotFoundError extends CeleriacError {
  readonly code = 'TASK_NOT_FOUND';

  constructor(
    readonly taskId: string,
    message = `no task has the id ${taskId}`,
  ) {
    super(message);
  }
}

/** The task's state does not allow what was asked, such as retrying a task that is running. */
export class TaskStateError extends CeleriacError {
  readonly code = 'TASK_STATE_CONFLICT';

  constructor(
    readonly taskId: string,
    readonly state: string,
    action: string,
  ) {
    super(`task ${taskId} is ${state}: it cannot be ${action}`);
  }
}

/** Another task of the same is there already, and `unique` says to refuse a second. Nothing was submitted. */
export class UniqueConflictError extends CeleriacError {
  readonly code = 'UNIQUE_CONFLICT';

  constructor(
    /** The task that was there before. */
    readonly taskId: string,
  ) {
    super(`task ${taskId} is there already, and there must not be two of the same`);
  }
}

/** The same idempotency key was used before with another body. */
export class IdempotencyConflictError extends CeleriacError {
  readonly code = 'IDEMPOTENCY_CONFLICT';

  constructor(readonly taskId: string) {
    super('this idempotency key was used before with other arguments or options: use a new key for new work');
  }
}

/** `get()` on a task that ended in FAILURE; `cause` has the handler's error as it was recorded. */
export class TaskFailedError extends CeleriacError {
  readonly code = 'TASK_FAILED';

  constructor(
    readonly taskId: string,
    /** What the handler threw, as it was recorded. */
    readonly error: { name: string; message: string; stack?: string | undefined },
  ) {
    super(`task ${taskId} failed: ${error.name}: ${error.message}`, { cause: error });
  }
}

/** `get()` on a task that was revoked, or expired before it was started. */
export class TaskRevokedError extends CeleriacError {
  readonly code = 'TASK_REVOKED';

  constructor(
    readonly taskId: string,
    readonly reason: string,
  ) {
    super(`task ${taskId} was revoked (${reason})`);
  }
}

/** `get({ timeout })` gave up waiting. The task itself goes on. */
export class ResultTimeoutError extends CeleriacError {
  readonly code = 'RESULT_TIMEOUT';

  constructor(
    readonly taskId: string,
    readonly timeoutMs: number,
    readonly state: string,
    why = '',
  ) {
    super(`task ${taskId} was still ${state} after ${timeoutMs} ms${why && ` (${why})`}; it goes on`);
  }
}

/** The reason of `ctx.signal` when a task ran past its soft time limit; not catching it fails the task. */
export class SoftTimeLimitExceededError extends CeleriacError {
  readonly code = 'SOFT_TIME_LIMIT_EXCEEDED';

  constructor(readonly limitMs: number) {
    super(`the task ran longer than its soft time limit of ${limitMs} ms`);
  }
}

/** Recorded for a task that ran past its hard time limit; also the reason of its signal. */
export class TimeLimitExceededError extends CeleriacError {
  readonly code = 'TIME_LIMIT_EXCEEDED';

  constructor(readonly limitMs: number) {
    super(`the task ran longer than its time limit of ${limitMs} ms and was written off`);
  }
}

/** Recorded for a task whose worker died under it more often than `maxCrashes` allows, or once without `acksLate`. */
export class WorkerLostError extends CeleriacError {
  readonly code = 'WORKER_LOST';
}

/** A workflow is given each signal once. */
export class SignalConflictError extends CeleriacError {
  readonly code = 'SIGNAL_CONFLICT';

  constructor(
    readonly taskId: string,
    readonly signal: string,
  ) {
    super(`the workflow of task ${taskId} was given the signal '${signal}' before`);
  }
}

/** Thrown by `ctx.waitFor()` when no signal came in time; not catching it fails the task. */
export class SignalTimeoutError extends CeleriacError {
  readonly code = 'SIGNAL_TIMEOUT';

  constructor(readonly signal: string) {
    super(`the signal '${signal}' was not given in time`);
  }
}
