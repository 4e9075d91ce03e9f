/** The root of every error this library throws; `code` is stable and meant for programs, `message` for people. */
export abstract class CeleriacError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An option of `forRoot`, of `@Task()` or of a call is wrong. Nothing was submitted. */
export class InvalidOptionError extends CeleriacError {
  readonly code: string;

  constructor(
    /** The option's name, with the path to it: `retry.max`. */
    readonly option: string,
    expected: string,
    given: unknown,
    code = 'INVALID_OPTION',
  ) {
    super(`${option}: expected ${expected}, got ${describe(given)}`);
    this.code = code;
  }
}

/** An argument or a result cannot be carried as JSON without changing its meaning. Nothing was submitted. */
export class NotSerializableError extends CeleriacError {
  constructor(
    message: string,
    /** Where the value is, `args[0].items[3]`. */
    readonly path: string,
    readonly code: string = 'NOT_SERIALIZABLE',
  ) {
    super(`${path}: ${message}`);
  }
}

/** An argument does not fit the task's schema, class or signature. Nothing was submitted. */
export class InvalidArgumentError extends CeleriacError {
  constructor(
    message: string,
    /** Where the value is, `args[0].items.3`. */
    readonly path: string,
    readonly code: 'ARG_TYPE' | 'ARG_REQUIRED' | 'UNKNOWN_PROPERTY' = 'ARG_TYPE',
  ) {
    super(`${path}: ${message}`);
  }
}

/** No provider of this application has a task of this name. */
export class UnknownTaskError extends CeleriacError {
  readonly code = 'UNKNOWN_TASK';

  constructor(
    readonly taskName: string,
    hint = '',
    /** Where the name stands, when it is one of many: `tasks[3].name`. */
    readonly path?: string,
  ) {
    super(`no task is called '${taskName}'${hint}`);
  }
}

/** No record has this id (or not for you). */
export class TaskNotFoundError extends CeleriacError {
  readonly code = 'TASK_NOT_FOUND';

  constructor(readonly taskId: string) {
    super(`no task has the id ${taskId}`);
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
  ) {
    super(`task ${taskId} was still ${state} after ${timeoutMs} ms; it goes on`);
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

/** The database cannot be reached: what was asked was not done. Try again later. */
export class StoreUnavailableError extends CeleriacError {
  readonly code = 'STORE_UNAVAILABLE';
}

/** The database went away while a submission was on its way: the task either does not exist, or runs once. */
export class SubmissionUncertainError extends CeleriacError {
  readonly code = 'SUBMISSION_UNCERTAIN';

  constructor(
    readonly taskId: string,
    options?: ErrorOptions,
  ) {
    super(
      `it is not known whether task ${taskId} was accepted: ask for its status later, or submit again`,
      options,
    );
  }
}

/** The broker cannot be reached: tried again by itself, and while it lasts tasks wait in the database. */
export class BrokerUnavailableError extends CeleriacError {
  readonly code = 'BROKER_UNAVAILABLE';
}

/** The broker answers and refuses, or cannot be used as it is set up: trying again does not help. */
export class BrokerRefusedError extends CeleriacError {
  readonly code = 'BROKER_REFUSED';
}

/** A package that only some users need is not installed. */
export class MissingPackageError extends CeleriacError {
  readonly code = 'MISSING_PACKAGE';

  constructor(
    readonly packages: readonly string[],
    what: string,
    options?: ErrorOptions,
  ) {
    super(`${what} needs ${packages.join(' and ')}: npm install ${packages.join(' ')}`, options);
  }
}

/** A bounded buffer is full. Nothing was accepted; try again later. */
export class OverloadedError extends CeleriacError {
  readonly code = 'OVERLOADED';
}

/** A queue holds as many tasks as `queueLimits` allows. Nothing was accepted; try again later. */
export class QueueFullError extends CeleriacError {
  readonly code = 'QUEUE_FULL';

  constructor(
    readonly queue: string,
    readonly limit: number,
  ) {
    super(`the queue '${queue}' is full (${limit} tasks wait in it): try again later`);
  }
}

/** The application is shutting down and accepts nothing more. */
export class ShuttingDownError extends CeleriacError {
  readonly code = 'SHUTTING_DOWN';

  constructor() {
    super('the application is shutting down: submit again to another process, or later');
  }
}

/** Decorators or modules are wired in a way that cannot work; thrown while the application starts. */
export class TaskDefinitionError extends CeleriacError {
  readonly code = 'TASK_DEFINITION';
}

/** Renames the place that an error tells of, in its message too; other errors stay as they are. */
export function relocated(error: unknown, rename: (path: string) => string): unknown {
  if (error instanceof UnknownTaskError)
    return error.path === undefined ? error : Object.assign(error, { path: rename(error.path) });
  const isOption = error instanceof InvalidOptionError;
  const hasPath = error instanceof NotSerializableError || error instanceof InvalidArgumentError;
  if (!isOption && !hasPath) return error;
  const before = isOption ? error.option : error.path;
  const path = rename(before);
  return Object.assign(error, isOption ? { option: path } : { path }, {
    message: path + error.message.slice(before.length),
  });
}

/** A value in words, short and without contents that may be secret. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string')
    return value.length > 60 ? `a string of ${value.length} characters` : `'${value}'`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`;
  if (typeof value === 'symbol') return 'a symbol';
  const name = (value.constructor as { name?: string } | undefined)?.name;
  return name && name !== 'Object' ? `an instance of ${name}` : 'an object';
}

/** `, did you mean 'x'?` when something near exists, otherwise ''. */
export function didYouMean(given: string, known: Iterable<string>): string {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(given.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best === undefined ? '' : `, did you mean '${best}'?`;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
