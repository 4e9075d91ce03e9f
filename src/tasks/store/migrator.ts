import { createHash } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { CeleriacError } from '../errors.js';
import { ensurePartitions } from './partitions.js';

/** The schema is older than this version of the library and `migrations: 'check'` forbids changing it. */
export class MigrationsPendingError extends CeleriacError {
  readonly code = 'MIGRATIONS_PENDING';
}

const OLDEST_POSTGRES = 14;

/** Brings the schema up to date, one process at a time, or checks that it is. */
export class Migrator {
  constructor(
    private readonly dataSource: DataSource,
    private readonly schema: string,
  ) {}

  /** @throws MigrationsPendingError when the schema is behind. */
  async check(): Promise<void> {
    await this.checkVersion();
    const [row] = await this.dataSource.query<{ there: boolean }[]>(
      `SELECT to_regclass($1) IS NOT NULL AS there`,
      [`"${this.schema}".migration`],
    );
    if (!row?.there || (await this.dataSource.showMigrations()))
      throw new MigrationsPendingError(
        `the schema '${this.schema}' is older than this version of celeriac: start one process with migrations: 'run'`,
      );
  }

  /** Waits while another process migrates the same schema. */
  async run(): Promise<void> {
    await this.checkVersion();
    // A lock that ends with its transaction also holds behind a transaction pooler. The migrations run on another
    // connection meanwhile.
    await this.dataSource.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [lockKey(this.schema)]);
      await this.dataSource.query(`CREATE SCHEMA IF NOT EXISTS "${this.schema}"`);
      await this.dataSource.runMigrations();
      await ensurePartitions(this.dataSource, this.schema);
    });
  }

  private async checkVersion(): Promise<void> {
    const [row] = await this.dataSource.query<{ version: string }[]>('SHOW server_version_num');
    const version = Math.floor(Number(Object.values(row ?? {})[0]) / 10_000);
    if (version < OLDEST_POSTGRES)
      throw new MigrationsPendingError(
        `celeriac needs Postgres ${OLDEST_POSTGRES} or later, this server is ${version}`,
      );
  }
}

/** One number a schema, the same in every process. */
function lockKey(schema: string): string {
  return String(createHash('sha256').update(`celeriac:${schema}`).digest().readBigInt64BE());
}
