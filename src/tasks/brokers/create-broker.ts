import { InvalidOptionError } from '../errors.js';
import type { TaskChannel } from '../store/task-channel.js';
import type { TaskStore } from '../store/task-store.js';
import type { Broker } from './broker.js';
import type { BrokerChoice } from './broker-options.js';
import { MemoryBroker } from './memory.broker.js';
import { PostgresBroker } from './postgres.broker.js';

export interface BrokerSurroundings {
  readonly store: TaskStore;
  readonly channel: TaskChannel;
  /** Names everything in the broker, so that several applications share one. */
  readonly schema: string;
  /** Where the records are: `host:port/database`, to see whether a postgres:// URL means the same place. */
  readonly database: string;
  /** How soon a dead worker's messages are given out anew, in ms. */
  readonly leaseMs: number;
}

/**
 * The broker that was chosen. Those that need packages of their own are loaded only here.
 * @throws InvalidOptionError for a postgres URL that is not the records' database
 * @throws MissingPackageError naming what to install
 */
export async function createBroker(choice: BrokerChoice, surroundings: BrokerSurroundings): Promise<Broker> {
  const { store, channel, schema, database, leaseMs } = surroundings;
  switch (choice.kind) {
    case 'postgres':
      if (choice.url !== undefined && databaseOf(choice.url) !== database)
        throw new InvalidOptionError(
          'broker',
          `the database of the records (${database}): with postgres the table itself is the queue`,
          databaseOf(choice.url),
        );
      return new PostgresBroker(store, channel);
    case 'memory':
      return new MemoryBroker();
    case 'redis': {
      const { RedisBroker } = await import('./redis/redis.broker.js');
      return RedisBroker.load(choice, { schema, leaseMs });
    }
    case 'amqp':
      break;
  }
  const { RabbitBroker } = await import('./rabbitmq/rabbit.broker.js');
  return RabbitBroker.load(choice, { schema });
}

/** `host:port/database` of a URL, without user and password. */
export function databaseOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname || 'localhost'}:${port || 5432}${pathname}`;
}
