import { DataSource, DefaultNamingStrategy, type DataSourceOptions } from 'typeorm';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import { InvalidOptionError } from '../errors.js';
import { Attempt } from './attempt.entity.js';
import { AuditEntry } from './audit-entry.entity.js';
import { initialMigration } from './migrations/1-initial.js';
import { optionsMigration } from './migrations/3-options.js';
import { schedulesMigration } from './migrations/4-schedules.js';
import { workflowsMigration } from './migrations/5-workflows.js';
import { workersMigration } from './migrations/6-workers.js';
import { statisticsMigration } from './migrations/7-statistics.js';
import { searchIndexesMigration } from './migrations/8-search-indexes.js';
import { retentionMigration } from './migrations/9-retention.js';
import { auditedJobsMigration } from './migrations/10-audited-jobs.js';
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
 * columns, `entityPrefix` and naming strategies would rename tables, its subscribers would hear of our rows, and
 * reads would go to a replica, which does not know yet what was just submitted.
 */
export function createPrivateDataSource(application: PostgresDataSourceOptions, schema: string): DataSource {
  const {
    name: _name,
    cache: _cache,
    replication,
    ...connection
  } = application as PostgresDataSourceOptions & { name?: string };
  return new DataSource({
    ...connection,
    ...replication?.master,
    schema,
    entities: [TaskRow, Attempt, AuditEntry, WorkerRow],
    subscribers: [],
    migrations: [
      initialMigration(schema),
      optionsMigration(schema),
      schedulesMigration(schema),
      workflowsMigration(schema),
      workersMigration(schema),
      statisticsMigration(schema),
      searchIndexesMigration(schema),
      retentionMigration(schema),
      auditedJobsMigration(schema),
    ],
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
