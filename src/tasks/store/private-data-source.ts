import { DataSource, DefaultNamingStrategy, type DataSourceOptions } from 'typeorm';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import { InvalidOptionError } from '../errors.js';
import { Attempt } from './attempt.entity.js';
import { AuditEntry } from './audit-entry.entity.js';
import { initialMigration } from './migrations/1-initial.js';
import { optionsMigration } from './migrations/3-options.js';
import { TaskRow } from './task-record.entity.js';
import { WorkerRow } from './worker.entity.js';

/** How many connections TypeORM's own pool may open: it only serves reads and migrations. */
const POOL_SIZE = 3;

/** @throws InvalidOptionError when the application's DataSource is not a Postgres one. */
export function postgresOptions(options: DataSourceOptions): PostgresDataSourceOptions {
  if (options.type !== 'postgres')
    throw new InvalidOptionError('dataSource', 'a TypeORM DataSource of type postgres', options.type);
  return options;
}

/**
 * A DataSource of our own to the application's database. With the application's, `synchronize: true` would drop
 * columns, `entityPrefix` and naming strategies would rename tables, and its subscribers would hear of our rows.
 */
export function createPrivateDataSource(application: PostgresDataSourceOptions, schema: string): DataSource {
  const {
    name: _name,
    cache: _cache,
    ...connection
  } = application as PostgresDataSourceOptions & { name?: string };
  return new DataSource({
    ...connection,
    schema,
    entities: [TaskRow, Attempt, AuditEntry, WorkerRow],
    subscribers: [],
    migrations: [initialMigration(schema), optionsMigration(schema)],
    migrationsTableName: 'migration',
    migrationsRun: false,
    migrationsTransactionMode: 'each',
    synchronize: false,
    dropSchema: false,
    entityPrefix: '',
    namingStrategy: new DefaultNamingStrategy(),
    poolSize: POOL_SIZE,
    applicationName: 'celeriac',
  });
}
