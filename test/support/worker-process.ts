import type pg from 'pg';
import { NodeProcess } from './node-process.js';
import { until } from './until.js';

export interface WorkerProcessOptions {
  /** The database, perhaps through a proxy. */
  url: string;
  ledger?: string | undefined;
  lease?: string | undefined;
  grace?: string | undefined;
  concurrency?: number | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

/** `node dist/worker.js`, and what the database says of it. */
export class WorkerProcess extends NodeProcess {
  constructor(
    private readonly sql: pg.Pool,
    readonly options: WorkerProcessOptions,
  ) {
    super('dist/worker.js', ['-c', String(options.concurrency ?? 10)], {
      DATABASE_URL: options.url,
      DEMO_LEDGER: options.ledger,
      LEASE: options.lease ?? '2s',
      SHUTDOWN_GRACE: options.grace ?? '10s',
      ...options.env,
    });
  }

  /** Resolves when it is registered, right before it takes its first task. */
  async ready(): Promise<this> {
    await until(
      `worker ${this.pid} is registered`,
      async () => {
        if (!this.isRunning) throw new Error(`worker ${this.pid} ended at its start: ${this.lastWords}`);
        return (await this.ids()).length > 0;
      },
      60_000,
    );
    return this;
  }

  /** Its identities, the newest first: one that lost its lease goes on under a new one. */
  async ids(): Promise<string[]> {
    const { rows } = await this.sql.query<{ id: string }>(
      `SELECT id FROM celeriac.worker WHERE info->>'pid' = $1 ORDER BY id DESC`,
      [String(this.pid)],
    );
    return rows.map((row) => row.id);
  }

  /** The tasks that are STARTED by it. */
  async holds(): Promise<string[]> {
    const { rows } = await this.sql.query<{ id: string }>(
      `SELECT t.id FROM celeriac.task t JOIN celeriac.worker w ON w.id = t.worker_id WHERE w.info->>'pid' = $1`,
      [String(this.pid)],
    );
    return rows.map((row) => row.id);
  }
}
