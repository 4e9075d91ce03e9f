import { InvalidOptionError } from '../errors.js';
import type { TaskChannel } from '../store/task-channel.js';
import type { TaskStore } from '../store/task-store.js';
import type { Broker } from './broker.js';
import type { BrokerChoice, RemoteBrokerChoice } from './broker-options.js';
import { MemoryBroker } from './memory.broker.js';
import { PostgresBroker } from './postgres.broker.js';

export interface BrokerSettings {
  /** Names everything in the broker, so that several applications share one. */
  readonly schema: string;
  /** How soon a dead worker's messages are given out anew, in ms. */
  readonly leaseMs: number;
}

export interface BrokerSurroundings extends BrokerSettings {
  readonly store: TaskStore;
  readonly channel: TaskChannel;
  /** Where the records are: `host:port/database`, to see whether a postgres:// URL means the same place. */
  readonly database: string;
}

/**
 * The broker that was chosen.
 * @throws InvalidOptionError for a postgres URL that is not the records' database
 * @throws MissingPackageError naming what to install
 */
export async function createBroker(choice: BrokerChoice, surroundings: BrokerSurroundings): Promise<Broker> {
  const { store, channel, database } = surroundings;
  if (choice.kind === 'redis' || choice.kind === 'amqp') return createRemoteBroker(choice, surroundings);
  if (choice.kind === 'memory') return new MemoryBroker();
  if (choice.url !== undefined && databaseOf(choice.url) !== database)
    throw new InvalidOptionError(
      'broker',
      `the database of the records (${database}): with postgres the table itself is the queue`,
      databaseOf(choice.url),
    );
  return new PostgresBroker(store, channel);
}

/** Those that need packages of their own are loaded only here. @throws MissingPackageError naming what to install */
export async function createRemoteBroker(
  choice: RemoteBrokerChoice,
  settings: BrokerSettings,
): Promise<Broker> {
  if (choice.kind === 'redis') {
    const { RedisBroker } = await import('./redis/redis.broker.js');
    return RedisBroker.load(choice, settings);
  }
  const { RabbitBroker } = await import('./rabbitmq/rabbit.broker.js');
  return RabbitBroker.load(choice, settings);
}

/** `host:port/database` of a URL, without user and password. */
export function databaseOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname || 'localhost'}:${port || 5432}${pathname}`;
}
