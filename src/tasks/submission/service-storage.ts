import type { Broker } from '../brokers/broker.js';
import type { Relay } from '../control/relay.js';
import type { InsertStore } from '../store/insert-store.js';
import type { GateStore } from '../store/gate-store.js';
import type { RelayStore } from '../store/relay-store.js';
import type { Tables } from '../store/tables.js';
import type { ChannelEvents, TaskChannel } from '../store/task-channel.js';
import type { TaskReader } from '../store/task-reader.js';
import type { TaskStore } from '../store/task-store.js';
import type { UniqueStore } from '../store/unique-store.js';

/** What submitting and asking need of the storage; tests have it in memory. */
export interface ServiceStorage {
  readonly store: ServiceStore;
  readonly inserts: ServiceInserts;
  readonly reader: ServiceReader;
  readonly channel: ServiceChannel;
  readonly gates: Pick<GateStore, 'ensure'>;
  readonly unique: Pick<UniqueStore, 'insert'>;
  readonly relay: Pick<Relay, 'send'>;
  readonly broker: Pick<Broker, 'kind' | 'status'>;
  readonly relayStore: Pick<RelayStore, 'outboxLag'>;
  readonly tables: Pick<Tables, 'relayed'>;
}

export type ServiceStore = Pick<
  TaskStore,
  'knowQueues' | 'knownQueues' | 'revoke' | 'retryFinished' | 'forget' | 'liveTasks'
>;

export type ServiceInserts = Pick<InsertStore, 'insert' | 'insertAll' | 'insertStatement' | 'insertKeyed'>;

export type ServiceReader = Pick<TaskReader, 'find' | 'findMany' | 'list' | 'attempts' | 'audit' | 'counts'>;

export interface ServiceChannel extends Pick<
  TaskChannel,
  'changed' | 'revoked' | 'due' | 'queues' | 'gated'
> {
  on<Event extends keyof ChannelEvents>(
    event: Event,
    listener: (...args: ChannelEvents[Event]) => void,
  ): unknown;
}
