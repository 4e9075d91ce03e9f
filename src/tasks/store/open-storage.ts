import { Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { isRelayed, readBrokerOptions } from '../brokers/broker-options.js';
import { connectBroker } from '../brokers/connect-broker.js';
import { createBroker, databaseOf } from '../brokers/create-broker.js';
import { Relay } from '../control/relay.js';
import type { ResolvedTasksOptions } from '../tasks.options.js';
import { CommandStore } from './command-store.js';
import { connectionSettings, type ConnectionSettings } from './connection.js';
import { Database, surviveBreaks } from './database.js';
import { InsertStore } from './insert-store.js';
import { GateStore } from './gate-store.js';
import { Migrator } from './migrator.js';
import { OverrideStore } from './override-store.js';
import { createPrivateDataSource, postgresOptions } from './private-data-source.js';
import { RelayStore } from './relay-store.js';
import { RetentionStore } from './retention-store.js';
import { ScheduleStore } from './schedule-store.js';
import type { Storage } from './storage.js';
import { tablesOf } from './tables.js';
import { TaskChannel } from './task-channel.js';
import { TaskReader } from './task-reader.js';
import { TaskStore } from './task-store.js';
import { ErrorStore } from './error-store.js';
import { JobStore } from './job-store.js';
import { LogStore } from './log-store.js';
import { StatisticsStore } from './statistics-store.js';
import { UniqueStore } from './unique-store.js';
import { WorkflowStore } from './workflow-store.js';

/** Opens and migrates. @throws with everything closed again. */
export async function openStorage(application: DataSource, options: ResolvedTasksOptions): Promise<Storage> {
  const { schema, leaseMs } = options;
  const choice = readBrokerOptions(options.broker);
  const postgres = postgresOptions(application.options);
  const dataSource = createPrivateDataSource(postgres, schema);
  const connection = connectionSettings(postgres, options.directUrl);
  const tables = tablesOf(schema, isRelayed(choice));
  const database = new Database(connection);
  const store = new TaskStore(database, tables);
  const inserts = new InsertStore(database, tables);
  const unique = new UniqueStore(database, tables, inserts);
  const channel = new TaskChannel(connection, schema);
  const relayStore = new RelayStore(database, tables);
  const broker = await createBroker(choice, {
    store,
    channel,
    schema,
    database: nameOf(connection),
    leaseMs,
  });
  const storage: Storage = {
    schema,
    tables,
    connection,
    dataSource,
    database,
    store,
    channel,
    broker,
    gates: new GateStore(database, tables),
    commands: new CommandStore(database, tables),
    overrides: new OverrideStore(database, tables),
    inserts,
    statistics: new StatisticsStore(database, dataSource, tables),
    errors: new ErrorStore(database, dataSource, tables),
    logs: new LogStore(database, dataSource, tables),
    retention: new RetentionStore(database, dataSource, tables),
    jobs: new JobStore(database, tables),
    unique,
    schedules: new ScheduleStore(database, tables, inserts, unique),
    workflows: new WorkflowStore(database, tables, inserts),
    relayStore,
    relay: new Relay(relayStore, broker),
    reader: new TaskReader(dataSource, tables),
  };
  try {
    await dataSource.initialize();
    surviveBreaks((dataSource.driver as PostgresDriver).master as Pool);
    const migrator = new Migrator(dataSource, schema, connection.direct);
    await (options.migrations === 'run' ? migrator.run() : migrator.check());
    await database.connect();
    await channel.start();
    await connectBroker(broker, options.brokerTimeoutMs);
    storage.relay.start();
    return storage;
  } catch (error) {
    await closeStorage(storage);
    throw error;
  }
}

/** A broker that hangs must not keep the process: what it has not confirmed stays noted. */
const CLOSE_MS = 10_000;

/** May be called twice. */
export async function closeStorage({ relay, broker, channel, database, dataSource }: Storage): Promise<void> {
  const steps = [
    () => relay.stop(),
    () => broker.close(),
    () => channel.stop(),
    () => database.close(),
    async () => dataSource.isInitialized && (await dataSource.destroy()),
  ];
  for (const step of steps)
    await within(CLOSE_MS, step()).catch((error: unknown) =>
      new Logger('Tasks').warn(`while closing: ${(error as Error).message}`),
    );
}

/** @throws Error when it takes longer */
async function within(ms: number, work: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** `host:port/database`, for messages and comparisons. */
function nameOf({ statements }: ConnectionSettings): string {
  if (statements.connectionString) return databaseOf(statements.connectionString);
  return `${statements.host ?? 'localhost'}:${statements.port ?? 5432}/${statements.database ?? ''}`;
}
