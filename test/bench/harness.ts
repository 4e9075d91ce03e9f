import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Pool, types } from 'pg';
import { Registry } from 'prom-client';
import { TaskEventBus } from '#dist/tasks/events/event-bus.js';
import { PostgresServer } from '#dist/tasks/embedded/index.js';
import { Task, TasksModule, TaskService, Worker } from '#dist/tasks/index.js';
import { TasksMetricsModule } from '#dist/tasks/observability/metrics/index.js';
import { ProcessMetrics } from '#dist/tasks/observability/metrics/process-metrics.js';
import { tablesOf } from '#dist/tasks/store/tables.js';

@Injectable()
export class BenchTasks {
  static runs = 0;
  static onRun: (() => void) | undefined;

  @Task({ name: 'bench.add' })
  add(x: number, y: number): number {
    BenchTasks.runs++;
    BenchTasks.onRun?.();
    return x + y;
  }

  @Task({ name: 'bench.sum' })
  sum(values: number[]): number {
    return values.reduce((sum, value) => sum + value, 0);
  }

  @Task({ name: 'bench.take' })
  take(text: string): number {
    BenchTasks.runs++;
    return text.length;
  }

  @Task({ name: 'bench.hash' })
  hash(rounds: number): string {
    let hash = '';
    for (let round = 0; round < rounds; round++) hash = createHash('sha256').update(hash).digest('hex');
    return hash;
  }

  @Task({ name: 'bench.endless', timeLimit: 300 })
  endless(): void {
    for (;;);
  }
}

/** A private Postgres with the default durable settings, and an application on it. */
export interface Bench {
  readonly url: string;
  readonly broker: string | undefined;
  readonly tables: ReturnType<typeof tablesOf>;
  readonly sql: Pool;
  readonly app: INestApplicationContext;
  readonly tasks: TaskService;
  /** An application of its own with a worker in it, as a worker process has. */
  openWorker(): Promise<{ start(concurrency: number): Promise<void>; close(): Promise<void> }>;
  /** Empties the tables. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

let applications = 0;

interface Observed {
  /** Whether statistics are kept. Default true. */
  readonly counted?: boolean;
  /** Whether metrics are exported, and scraped each second. Default false. */
  readonly scraped?: boolean;
  /** Whether there would be spans, if an SDK was registered. Default true. */
  readonly tracing?: boolean;
}

export async function applicationOf(
  url: string,
  broker: string | undefined,
  { counted = true, scraped = false, tracing = true }: Observed = {},
) {
  const name = `bench${++applications}`;
  @Module({
    imports: [
      TypeOrmModule.forRoot({ name, type: 'postgres', url }),
      TasksModule.forRoot({ dataSource: name, broker, tracing }),
      ...(scraped ? [TasksMetricsModule.forRoot({ path: false, registry: new Registry() })] : []),
    ],
    providers: [BenchTasks],
  })
  class BenchModule {}
  const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['error', 'warn'] });
  if (!counted) app.get(TaskEventBus).observer = undefined;
  if (scraped) {
    const { exporter } = app.get(ProcessMetrics);
    setInterval(() => void exporter!.text(), 1000).unref();
  }
  return app;
}

/** @param broker its URL. Default: the database */
export async function openBench(broker?: string, observed: Observed = {}): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'celeriac-bench-'));
  const server = await PostgresServer.create({ directory });
  await server.start();
  const { url } = server;
  const app = await applicationOf(url, broker, observed);
  // the same planning as the library's own pool
  const sql = new Pool({
    connectionString: url,
    max: 6,
    // and times as text, to the microsecond
    types: { getTypeParser: textForTimes },
    options: '-c enable_seqscan=off -c enable_bitmapscan=off -c jit=off -c TimeZone=UTC',
  });
  // idle connections break when the server stops
  sql.on('error', () => undefined);
  const tables = tablesOf('celeriac', broker !== undefined);
  return {
    url,
    broker,
    tables,
    sql,
    app,
    tasks: app.get(TaskService),
    async openWorker() {
      const context = await applicationOf(url, broker, observed);
      const worker = context.get(Worker);
      return {
        start: (concurrency) => worker.start({ concurrency }),
        async close() {
          await worker.stop(5000);
          await context.close();
        },
      };
    },
    async clear() {
      await sql.query(
        `TRUNCATE ${tables.task}, ${tables.done}, ${tables.payload}, ${tables.attempt}, ${tables.outbox}, ${tables.edge}`,
      );
    },
    async close() {
      await app.close();
      await sql.end();
      await server.stop('fast');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const TIMESTAMPTZ: number = types.builtins.TIMESTAMPTZ;

function textForTimes(oid: number): (value: string) => unknown {
  return oid === TIMESTAMPTZ
    ? (value) => value
    : (types.getTypeParser as (oid: number) => (value: string) => unknown)(oid);
}

/** Runs `work` with `lanes` at once until it returns false. */
export async function inLanes(lanes: number, work: (lane: number) => Promise<boolean>): Promise<void> {
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      while (await work(lane));
    }),
  );
}

/** Operations a second. */
export async function rate(operations: number, work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return operations / ((performance.now() - start) / 1000);
}
