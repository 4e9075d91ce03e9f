import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import type { DataSource } from 'typeorm';
import { CeleriacError } from '../errors.js';
import { ensurePartitions } from './partitions.js';

/** The schema is older than this version of the library and `migrations: 'check'` forbids changing it. */
export class MigrationsPendingError extends CeleriacError {
  readonly code = 'MIGRATIONS_PENDING';
}

const OLDEST_POSTGRES = 14;
const LOCK_POLL_MS = 100;

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

  /** How many migrations were not run yet. */
  async pending(): Promise<number> {
    const [there] = await this.dataSource.query<{ there: boolean }[]>(
      `SELECT to_regclass($1) IS NOT NULL AS there`,
      [`"${this.schema}".migration`],
    );
    const all = this.dataSource.migrations.length;
    if (!there?.there) return all;
    const [done] = await this.dataSource.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM "${this.schema}".migration WHERE name = ANY($1)`,
      [this.dataSource.migrations.map((migration) => migration.name)],
    );
    return all - done!.count;
  }

  /** Waits while another process migrates the same schema. @returns how many migrations were left to this one */
  async run(): Promise<number> {
    await this.checkVersion();
    return this.alone(async () => {
      await this.dataSource.query(`CREATE SCHEMA IF NOT EXISTS "${this.schema}"`);
      const done = await this.dataSource.runMigrations();
      await ensurePartitions(this.dataSource, this.schema).catch(unlessLocked);
      return done.length;
    });
  }

  /**
   * The lock has a connection of its own, past any pooler: processes that start together and wait for it would use up
   * the pooler's few connections, and the one that migrates needs another. It is asked for again and again: a statement
   * that waits for it holds a snapshot, for whose end CREATE INDEX CONCURRENTLY waits.
   */
  private async alone<T>(work: () => Promise<T>): Promise<T> {
    const client = new Client(this.direct);
    client.on('error', () => undefined);
    try {
      await client.connect();
      while (!(await tryLock(client, this.schema))) await sleep(LOCK_POLL_MS);
      return await work();
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

async function tryLock(client: Client, schema: string): Promise<boolean> {
  const { rows } = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1) AS mine', [
    lockKey(schema),
  ]);
  return rows[0]!.mine;
}

/** One number a schema, the same in every process. */
function lockKey(schema: string): string {
  return String(createHash('sha256').update(`celeriac:${schema}`).digest().readBigInt64BE());
}

/** Somebody reads the whole history, such as a backup: partitions are made days ahead, and a worker tries again. */
function unlessLocked(error: unknown): void {
  const LOCK_NOT_AVAILABLE = '55P03';
  if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
}
