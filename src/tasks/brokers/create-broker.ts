import { InvalidOptionError } from '../errors.js';
import type { TaskChannel } from '../store/task-channel.js';
import type { TaskStore } from '../store/task-store.js';
import type { Broker } from './broker.js';
import { MemoryBroker } from './memory.broker.js';
import { PostgresBroker } from './postgres.broker.js';

export interface BrokerSurroundings {
  readonly store: TaskStore;
  readonly channel: TaskChannel;
  /** Where the records are: `host:port/database`, to see whether a postgres:// URL means the same place. */
  readonly database: string;
}

/**
 * The broker that a URL names. Without one, the database itself.
 * @throws InvalidOptionError for an unknown scheme, or a postgres URL that is not the records' database.
 */
export function createBroker(
  url: string | undefined,
  { store, channel, database }: BrokerSurroundings,
): Broker {
  if (url === undefined || url === '') return new PostgresBroker(store, channel);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'postgres':
    case 'postgresql':
      if (databaseOf(url) !== database)
        throw new InvalidOptionError(
          'broker',
          `the database of the records (${database}): with postgres the table itself is the queue`,
          databaseOf(url),
        );
      return new PostgresBroker(store, channel);
    case 'memory':
      return new MemoryBroker();
    default:
      throw new InvalidOptionError(
        'broker',
        'a URL that starts with postgres:// or memory://',
        scheme ?? 'no URL',
      );
  }
}

/** `host:port/database` of a URL, without user and password. */
export function databaseOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname || 'localhost'}:${port || 5432}${pathname}`;
}
