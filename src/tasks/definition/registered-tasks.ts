import type { TaskRegistry } from './task-registry.js';

/** A task that a worker has the code of. */
export interface RegisteredTask {
  readonly name: string;
  /** The queue that it waits in, unless a call or a route says otherwise. */
  readonly queue: string;
  /** Whether limits or a unique key hold for it: only where its code is can they be known at submission. */
  readonly limited: boolean;
}

export function registeredIn(registry: Pick<TaskRegistry, 'all'>): RegisteredTask[] {
  return registry.all().map((task) => ({
    name: task.name,
    queue: task.queue,
    limited: task.limited || task.unique !== undefined,
  }));
}
