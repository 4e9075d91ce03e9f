import type { TaskDescription } from '../definition/task-definition.js';
import { InvalidOptionError } from '../errors.js';
import { Group, Signature, type Launcher } from './signature.js';
import { NOTHING_FOLLOWS, type TaskStep } from './step.js';

/** Runs another task for every item. */
export const STARMAP = 'celeriac.starmap';

function mapStep(task: TaskDescription, items: readonly (readonly unknown[])[]): TaskStep {
  return {
    kind: 'task',
    task: STARMAP,
    args: [task.name, items],
    options: { queue: task.queue },
    immutable: true,
    ...NOTHING_FOLLOWS,
  };
}

/** One task that runs another for every item, one after the other. */
export function mapSignature<R>(
  task: TaskDescription,
  items: readonly (readonly unknown[])[],
  launcher: Launcher | undefined,
): Signature<unknown, R, true> {
  return new Signature(mapStep(task, items), launcher);
}

/** Slices of the items side by side, each as one task. @throws InvalidOptionError */
export function chunksOf<R extends readonly unknown[]>(
  task: TaskDescription,
  items: readonly (readonly unknown[])[],
  size: number,
  launcher: Launcher | undefined,
): Group<unknown, R, true> {
  if (!Number.isInteger(size) || size < 1)
    throw new InvalidOptionError('size', 'a whole number from 1', size);
  const steps: TaskStep[] = [];
  for (let i = 0; i < items.length; i += size) steps.push(mapStep(task, items.slice(i, i + size)));
  return new Group({ kind: 'group', steps, allowFailures: false, ...NOTHING_FOLLOWS }, launcher);
}
