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
  /** More of its command line. */
  args?: readonly string[] | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

/** The pool of all workers of this run: FAULT_POOL = async or prefork. */
export const poolOfThisRun = process.env.FAULT_POOL ?? 'async';

/** As many tasks at once either way. */
function poolArguments(concurrency: number): string[] {
  if (poolOfThisRun === 'async') return ['-c', String(concurrency)];
  const children = childrenFor(concurrency);
  const perChild = Math.ceil(concurrency / children);
  return ['-P', 'prefork', '-c', String(children), '--concurrency-per-child', String(perChild)];
}

function childrenFor(concurrency = 10): number {
  return poolOfThisRun === 'prefork' && concurrency > 1 ? 2 : 1;
}

/** `node dist/worker.js`, and what the database says of it. */
export class WorkerProcess extends NodeProcess {
  constructor(
    private readonly sql: pg.Pool,
    readonly options: WorkerProcessOptions,
  ) {
    super('dist/worker.js', [...poolArguments(options.concurrency ?? 10), ...(options.args ?? [])], {
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
        return (await this.takers()).length >= childrenFor(this.options.concurrency);
      },
      60_000,
    );
    return this;
  }

  /** Its identities, the newest first: one that lost its lease goes on under a new one. */
  async ids(): Promise<string[]> {
    const { rows } = await this.sql.query<{ id: string }>(
      `SELECT id FROM celeriac.worker WHERE $1 IN (info->>'pid', info->>'supervisor') ORDER BY id DESC`,
      [String(this.pid)],
    );
    return rows.map((row) => row.id);
  }

  /** The processes that take tasks: itself, or the children of a prefork worker. */
  async takers(): Promise<number[]> {
    const { rows } = await this.sql.query<{ pid: number }>(
      `SELECT (info->>'pid')::int AS pid FROM celeriac.worker WHERE dead_at IS NULL
         AND (info->>'supervisor' = $1 OR info->>'pid' = $1 AND info->>'pool' IS DISTINCT FROM 'prefork')`,
      [String(this.pid)],
    );
    return rows.map((row) => row.pid);
  }

  /** The tasks that are STARTED by it. */
  async holds(): Promise<string[]> {
    const { rows } = await this.sql.query<{ id: string }>(
      `SELECT t.id FROM celeriac.task t JOIN celeriac.worker w ON w.id = t.worker_id
       WHERE $1 IN (w.info->>'pid', w.info->>'supervisor')`,
      [String(this.pid)],
    );
    return rows.map((row) => row.id);
  }
}
