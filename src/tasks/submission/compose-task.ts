import type { TaskDescription } from '../definition/task-definition.js';
import { claimOf, readUnique } from '../definition/unique.js';
import { InvalidOptionError, NotSerializableError, relocated } from '../errors.js';
import { FED, PAYLOAD_THRESHOLD } from '../store/columns.js';
import type { NewTask } from '../store/new-task.js';
import { assertJson } from './json.js';
import { newTaskId } from './task-id.js';
import { NO_ORIGIN, resolveOptions, type Origin, type Place, type SubmitOptions } from './submit-options.js';

/** The most characters of JSON that a task's arguments may have. Files belong into storage, their names into arguments. */
export const MAX_ARGS_LENGTH = 8 * 1024 * 1024;

/** One submission of `TaskService.submitMany()`. */
export interface Submission {
  name: string;
  args?: readonly unknown[] | undefined;
  options?: Omit<SubmitOptions, 'idempotencyKey' | 'manager'> | undefined;
}

/**
 * Checks a submission and gives it its id.
 * @throws InvalidOptionError or NotSerializableError; nothing was submitted.
 */
export function composeTask(
  task: TaskDescription,
  args: readonly unknown[],
  options: SubmitOptions,
  origin: Origin = NO_ORIGIN,
  place?: Place,
): NewTask {
  const given = trimmed(args);
  const fed = place !== undefined && (place.flags & FED) !== 0 ? 1 : 0;
  if (task.maxArguments !== undefined && given.length + fed > task.maxArguments)
    throw new InvalidOptionError(
      'args',
      `at most ${task.maxArguments} arguments for ${task.name}${fed ? ', the first of which is the result of the step before (or make it immutable)' : ''}`,
      given.length + fed,
      'TOO_MANY_ARGUMENTS',
    );
  assertJson(given, 'args');
  const json = JSON.stringify(given);
  if (json.length > MAX_ARGS_LENGTH)
    throw new NotSerializableError(
      `${json.length} characters of JSON are more than ${MAX_ARGS_LENGTH}`,
      'args',
      'ARGS_TOO_LARGE',
    );
  const unique = options.unique === undefined ? task.unique : readUnique(options.unique);
  // the result of the step before is not known yet
  const known = fed ? [undefined, ...given] : given;
  const resolved = resolveOptions(task, known, options, origin, place);
  return {
    id: place?.id ?? newTaskId(),
    dispatch: 1,
    name: task.name,
    ...resolved,
    args: json,
    large: json.length > PAYLOAD_THRESHOLD,
    unique: unique ? claimOf(unique, task.name, resolved.owner, given, json) : null,
  };
}

/**
 * The same for many.
 * @throws with the place of the mistake: `[3].priority`
 */
export function composeMany(
  submissions: readonly Submission[],
  describe: (name: string) => TaskDescription,
  origin: Origin = NO_ORIGIN,
): NewTask[] {
  return submissions.map(({ name, args = [], options = {} }, i) => {
    try {
      for (const option of ['idempotencyKey', 'manager'])
        if (option in options)
          throw new InvalidOptionError(option, 'none in one of many', 'one', 'UNKNOWN_PROPERTY');
      return composeTask(describe(name), args, options, origin);
    } catch (error) {
      throw relocated(error, (path) => `[${i}].${path}`);
    }
  });
}

/** Without trailing undefined: an optional argument that is passed as undefined was not given. */
function trimmed(args: readonly unknown[]): readonly unknown[] {
  let length = args.length;
  while (length > 0 && args[length - 1] === undefined) length--;
  return length === args.length ? args : args.slice(0, length);
}
