import type { DataSource } from 'typeorm';
import type { Broker } from '../brokers/broker.js';
import type { Relay } from '../control/relay.js';
import type { ConnectionSettings } from './connection.js';
import type { Database } from './database.js';
import type { GateStore } from './gate-store.js';
import type { InsertStore } from './insert-store.js';
import type { Tables } from './tables.js';
import type { TaskChannel } from './task-channel.js';
import type { TaskReader } from './task-reader.js';
import type { RelayStore } from './relay-store.js';
import type { TaskStore } from './task-store.js';
import type { UniqueStore } from './unique-store.js';

/** Everything that is open towards the database and the broker, made and closed together. */
export interface Storage {
  readonly schema: string;
  readonly tables: Tables;
  readonly connection: ConnectionSettings;
  /** TypeORM's, for reads and migrations. */
  readonly dataSource: DataSource;
  readonly database: Database;
  readonly store: TaskStore;
  readonly reader: TaskReader;
  readonly channel: TaskChannel;
  readonly broker: Broker;
  readonly inserts: InsertStore;
  readonly gates: GateStore;
  readonly unique: UniqueStore;
  readonly relayStore: RelayStore;
  readonly relay: Relay;
}
