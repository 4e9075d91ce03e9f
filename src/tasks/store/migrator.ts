import { createHash } from 'node:crypto';
import { Client, type ClientConfig } from 'pg';
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
    /** To Postgres itself, for the lock. */
    private readonly direct: ClientConfig,
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
    await this.alone(async () => {
      await this.dataSource.query(`CREATE SCHEMA IF NOT EXISTS "${this.schema}"`);
      await this.dataSource.runMigrations();
      await ensurePartitions(this.dataSource, this.schema);
    });
  }

  /**
   * The lock has a connection of its own, past any pooler: processes that start together and wait for it would use up
   * the pooler's few connections, and the one that migrates needs another.
   */
  private async alone(work: () => Promise<void>): Promise<void> {
    const client = new Client(this.direct);
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('SELECT pg_advisory_lock($1)', [lockKey(this.schema)]);
      await work();
    } finally {
      await client.end().catch(() => undefined);
    }
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
