import type { DataSource } from 'typeorm';
import type { Broker } from '../brokers/broker.js';
import type { Relay } from '../control/relay.js';
import type { CommandStore } from './command-store.js';
import type { ConnectionSettings } from './connection.js';
import type { Database } from './database.js';
import type { GateStore } from './gate-store.js';
import type { InsertStore } from './insert-store.js';
import type { ScheduleStore } from './schedule-store.js';
import type { Tables } from './tables.js';
import type { JobStore } from './job-store.js';
import type { TaskChannel } from './task-channel.js';
import type { TaskReader } from './task-reader.js';
import type { OverrideStore } from './override-store.js';
import type { RelayStore } from './relay-store.js';
import type { RetentionStore } from './retention-store.js';
import type { TaskStore } from './task-store.js';
import type { ErrorStore } from './error-store.js';
import type { LogStore } from './log-store.js';
import type { StatisticsStore } from './statistics-store.js';
import type { UniqueStore } from './unique-store.js';
import type { WorkflowStore } from './workflow-store.js';

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
  readonly commands: CommandStore;
  readonly overrides: OverrideStore;
  readonly unique: UniqueStore;
  readonly workflows: WorkflowStore;
  readonly statistics: StatisticsStore;
  readonly errors: ErrorStore;
  readonly logs: LogStore;
  readonly retention: RetentionStore;
  readonly jobs: JobStore;
  readonly schedules: ScheduleStore;
  readonly relayStore: RelayStore;
  readonly relay: Relay;
}
