import { NIL } from 'uuid';
import type { Dependents } from '../control/dependents.js';
import { InvalidOptionError } from '../errors.js';
import type { TaskEventBus } from '../events/event-bus.js';
import type { LiveFilter } from '../store/task-filter.js';
import type { ServiceStorage } from './service-storage.js';
import { assertTaskId } from './task-id.js';

const BATCH = 500;

export interface RevokeLiveOptions {
  readonly terminate: boolean;
  /** How long a running task may take to end, in ms. */
  readonly graceMs: number;
  readonly by: string | null;
}

/**
 * Revokes every live task that fits, in batches.
 * @returns how many were ended at once, and of how many the workers were asked
 * @throws InvalidOptionError without any condition
 */
export async function revokeLive(
  { store, channel }: Pick<ServiceStorage, 'store' | 'channel'>,
  bus: TaskEventBus,
  dependents: Dependents,
  filter: LiveFilter,
  { terminate, graceMs, by }: RevokeLiveOptions,
): Promise<{ ended: number; asked: number }> {
  if (Object.values(filter).every((condition) => condition === undefined))
    throw new InvalidOptionError('filter', 'at least one of ids, name, queue, tags, owner', 'none');
  for (const id of filter.ids ?? []) assertTaskId(id);
  let after: string = NIL;
  let [ended, asked] = [0, 0];
  for (;;) {
    const tasks = await store.liveTasks(filter, after, BATCH);
    if (tasks.length === 0) return { ended, asked };
    after = tasks.at(-1)!.id;
    const byId = new Map(tasks.map((task) => [task.id, task]));
    const { rows: revoked, cascade } = await store.revoke([...byId.keys()], terminate, graceMs, by);
    for (const { id, ended: over } of revoked) {
      if (over) ended++;
      else asked++;
      if (over) bus.emit('revoked', () => ({ ...byId.get(id)!, reason: 'revoked' }));
    }
    const ids = revoked.map((task) => task.id);
    channel.revoked(ids);
    channel.changed(ids);
    dependents.follow(cascade);
  }
}
