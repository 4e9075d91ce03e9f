import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { compile, createProjectFolder } from './doc-code.js';
import { NodeProcess } from './node-process.js';
import { until } from './until.js';

/** `test/pools/pool.worker.ts`, or another one of the tests, as a program of its own: the library starts it again for children and isolates. */
export class PoolWorkers {
  private readonly all: PoolWorker[] = [];

  private constructor(
    readonly script: string,
    private readonly url: string,
    private readonly sql: pg.Pool,
    private readonly removeFolder: () => Promise<void>,
  ) {}

  static async create(url: string, sql: pg.Pool, program = '../pools/pool.worker.ts'): Promise<PoolWorkers> {
    const folder = await createProjectFolder();
    const source = fileURLToPath(new URL(program, import.meta.url));
    const script = await folder.write('pool.worker.mjs', await compile(await readFile(source, 'utf8')));
    return new PoolWorkers(script, url, sql, () => folder.remove());
  }

  spawn(args: readonly string[], environment: NodeJS.ProcessEnv = {}): PoolWorker {
    const worker = new PoolWorker(this.sql, this.script, args, { DATABASE_URL: this.url, ...environment });
    this.all.push(worker);
    return worker;
  }

  /** Resolves when it, or so many children of it, take tasks. */
  async start(
    args: readonly string[],
    children = 1,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<PoolWorker> {
    const worker = this.spawn(args, environment);
    await worker.takes(children);
    return worker;
  }

  async kill(): Promise<void> {
    await Promise.all(this.all.splice(0).map((worker) => worker.kill()));
  }

  async remove(): Promise<void> {
    await this.kill();
    await this.removeFolder();
  }
}

export class PoolWorker extends NodeProcess {
  constructor(
    private readonly sql: pg.Pool,
    script: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv,
  ) {
    super(script, args, environment);
  }

  /** Resolves when so many of its processes take tasks. */
  async takes(count: number): Promise<number[]> {
    return until(
      `${count} processes of worker ${this.pid} take tasks`,
      async () => {
        if (!this.isRunning) throw new Error(`worker ${this.pid} ended: ${this.lastWords}`);
        const pids = await this.takers();
        return pids.length === count ? pids : undefined;
      },
      40_000,
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.log}`, { cause: error });
    });
  }

  /** The processes that take tasks: itself, or the children of a prefork worker. */
  async takers(): Promise<number[]> {
    const { rows } = await this.sql.query<{ pid: number }>(
      `SELECT (info->>'pid')::int AS pid FROM celeriac.worker WHERE dead_at IS NULL
         AND (info->>'supervisor' = $1 OR info->>'pid' = $1 AND info->>'pool' IS DISTINCT FROM 'prefork') ORDER BY 1`,
      [String(this.pid)],
    );
    return rows.map((row) => row.pid);
  }
}
