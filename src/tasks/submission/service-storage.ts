import type { Broker } from '../brokers/broker.js';
import type { Relay } from '../control/relay.js';
import type { InsertStore } from '../store/insert-store.js';
import type { GateStore } from '../store/gate-store.js';
import type { RelayStore } from '../store/relay-store.js';
import type { LogStore } from '../store/log-store.js';
import type { Tables } from '../store/tables.js';
import type { ChannelEvents } from '../store/channel-messages.js';
import type { TaskChannel } from '../store/task-channel.js';
import type { TaskReader } from '../store/task-reader.js';
import type { TaskStore } from '../store/task-store.js';
import type { UniqueStore } from '../store/unique-store.js';
import type { WorkflowStore } from '../store/workflow-store.js';

/** What submitting and asking need of the storage; tests have it in memory. */
export interface ServiceStorage {
  readonly store: ServiceStore;
  readonly inserts: ServiceInserts;
  readonly reader: ServiceReader;
  readonly channel: ServiceChannel;
  readonly gates: Pick<GateStore, 'ensure'>;
  readonly unique: Pick<UniqueStore, 'insert'>;
  readonly workflows: ServiceWorkflows;
  readonly relay: Pick<Relay, 'send'>;
  readonly broker: Pick<Broker, 'kind' | 'status'>;
  readonly relayStore: Pick<RelayStore, 'outboxLag'>;
  readonly tables: Pick<Tables, 'relayed'>;
  readonly logs: Pick<LogStore, 'of'>;
}

export type ServiceStore = Pick<
  TaskStore,
  'knowQueues' | 'knownQueues' | 'revoke' | 'retryFinished' | 'forget' | 'liveTasks'
>;

export type ServiceInserts = Pick<InsertStore, 'insert' | 'insertAll' | 'insertStatement' | 'insertKeyed'>;

export type ServiceWorkflows = Pick<
  WorkflowStore,
  | 'insert'
  | 'insertWithin'
  | 'counts'
  | 'tasks'
  | 'edgesAmong'
  | 'live'
  | 'list'
  | 'revive'
  | 'signal'
  | 'cascadeStep'
>;

export type ServiceReader = Pick<
  TaskReader,
  'find' | 'findMany' | 'briefly' | 'list' | 'ids' | 'count' | 'attempts' | 'audit' | 'counts'
>;

export interface ServiceChannel extends Pick<
  TaskChannel,
  'changed' | 'revoked' | 'due' | 'queues' | 'gated' | 'schedules'
> {
  on<Event extends keyof ChannelEvents>(
    event: Event,
    listener: (...args: ChannelEvents[Event]) => void,
  ): unknown;
  off<Event extends keyof ChannelEvents>(
    event: Event,
    listener: (...args: ChannelEvents[Event]) => void,
  ): unknown;
}
