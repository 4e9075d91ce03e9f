import type { TaskEventBus } from '../events/event-bus.js';
import type { TaskChannel } from '../store/task-channel.js';
import type { TaskStore } from '../store/task-store.js';
import type { Dependents } from './dependents.js';
import type { Relay } from './relay.js';

const CHUNK = 500;
const HOUR_MS = 3_600_000;

export interface RescueOptions {
  readonly store: Pick<TaskStore, 'hasLost' | 'rescue'>;
  readonly relay: Pick<Relay, 'send'>;
  readonly channel: Pick<TaskChannel, 'changed' | 'due'>;
  readonly events?: Pick<TaskEventBus, 'emit'>;
  readonly dependents: Pick<Dependents, 'follow'>;
  readonly maxCrashes: number;
  /** How long ago their workers may have been buried. Default: an hour. */
  readonly withinMs?: number;
}

/** Gives out anew what buried workers held, or ends it when that happened too often. */
export async function rescueLost({
  store,
  relay,
  channel,
  events,
  dependents,
  maxCrashes,
  withinMs = HOUR_MS,
}: RescueOptions): Promise<void> {
  // nearly always there is nothing, and a look costs a third
  while (await store.hasLost(withinMs)) {
    const { tasks: rescued, outbox, cascade } = await store.rescue(CHUNK, maxCrashes, withinMs);
    dependents.follow(cascade);
    channel.changed(rescued.map((task) => task.id));
    for (const { id, name, queue } of rescued) events?.emit('lost', () => ({ id, name, queue }));
    relay.send({ tasks: rescued.filter((task) => task.ready), outbox });
    // some of them are due a little later
    if (rescued.length > 0) channel.due(0);
    if (rescued.length < CHUNK) return;
  }
}
