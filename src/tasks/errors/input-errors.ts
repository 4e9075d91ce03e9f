import { CeleriacError } from './celeriac-error.js';
import { describe } from './describe.js';

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
