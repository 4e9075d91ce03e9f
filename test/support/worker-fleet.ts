import type pg from 'pg';
import { WorkerProcess, type WorkerProcessOptions } from './worker-process.js';

/** The workers of a test. */
export class WorkerFleet {
  private readonly all: WorkerProcess[] = [];

  constructor(
    private readonly sql: pg.Pool,
    private readonly defaults: WorkerProcessOptions,
  ) {}

  get running(): WorkerProcess[] {
    return this.all.filter((worker) => worker.isRunning);
  }

  /** Starts one without waiting for it. */
  spawn(options: Partial<WorkerProcessOptions> = {}): WorkerProcess {
    // named, so that pg_stat_activity tells whose a connection is
    const url = new URL(options.url ?? this.defaults.url);
    url.searchParams.set('application_name', `worker-${this.all.length}`);
    const worker = new WorkerProcess(this.sql, {
      ...this.defaults,
      ...options,
      env: { ...this.defaults.env, ...options.env },
      url: url.toString(),
    });
    this.all.push(worker);
    return worker;
  }

  /** Starts one; resolves when it takes tasks. */
  start(options: Partial<WorkerProcessOptions> = {}): Promise<WorkerProcess> {
    return this.spawn(options).ready();
  }

  startMany(count: number, options: Partial<WorkerProcessOptions> = {}): Promise<WorkerProcess[]> {
    return Promise.all(Array.from({ length: count }, () => this.start(options)));
  }

  /** Ends in good order whatever still runs. */
  async terminate(): Promise<void> {
    await Promise.all(this.running.map((worker) => worker.terminate()));
  }

  async kill(): Promise<void> {
    await Promise.all(this.running.map((worker) => worker.kill()));
  }

  /** What they said, for the message of a failure. */
  logs(): string {
    return this.all
      .filter((worker) => worker.log !== '')
      .map((worker) => `--- worker ${worker.pid}\n${worker.log}`)
      .join('\n');
  }
}
