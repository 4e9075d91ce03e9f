import type { RegisteredTask } from '../definition/registered-tasks.js';
import { didYouMean } from '../errors.js';
import type { Connection } from './connection.js';
import { CliError } from './errors.js';
import { EXIT } from './exit-codes.js';

/**
 * What living workers say of a task; undefined when none lives, or with `force` for one that nobody has.
 * @throws CliError for one that nobody has
 */
export async function knownTask(
  { administration }: Connection,
  task: string,
  { force }: { force: boolean },
): Promise<RegisteredTask | undefined> {
  const known = await administration.registered();
  const found = known.find(({ name }) => name === task);
  if (found) return found;
  if (known.length > 0 && !force)
    throw new CliError(
      `no worker has a task '${task}'${didYouMean(
        task,
        known.map(({ name }) => name),
      )} (celeriac list tasks; --force does it all the same)`,
      EXIT.notFound,
      'UNKNOWN_TASK',
    );
  return undefined;
}
