import { afterAll } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import type { TaskRefs, TaskService, TasksModuleOptions } from '#dist/tasks/index.js';
import { DemoTasks } from '#dist/jobs/demo/demo.tasks.js';
import { createApplication } from './application.js';
import { assertBarB, watchEndings, type Accepted, type BarBFigures } from './bar-b.js';
import { brokerOfThisRun, startBroker, type BrokerUnderTest } from './broker-under-test.js';
import { createDatabase, type TestDatabase } from './database.js';
import { Ledger } from './ledger.js';
import { SeededRandom, seed } from './seeded-random.js';
import { until } from './until.js';
import { WorkerFleet } from './worker-fleet.js';
import { poolOfThisRun, type WorkerProcessOptions } from './worker-process.js';

/** FAULTS=full runs the numbers that `npm run faults` promises; otherwise what a build can wait for. */
export const full = process.env.FAULTS === 'full';

export interface ScenarioOptions {
  /** Default: one of its own on the run's server. */
  database?: TestDatabase;
  /** The producer's database URL, when it is to lead through a proxy. */
  producerUrl?: (url: string) => string;
  worker?: Partial<WorkerProcessOptions>;
  /** Default: that of the file, of the kind that FAULT_BROKER says. */
  broker?: BrokerUnderTest;
  /** The broker's URL for everybody, when it is to lead through a proxy. */
  brokerUrl?: string;
  application?: TasksModuleOptions;
}

export interface Scenario {
  readonly url: string;
  readonly sql: TestDatabase['sql'];
  readonly broker: BrokerUnderTest;
  /** The application that submits. */
  readonly application: INestApplicationContext;
  readonly tasks: TaskService;
  readonly demo: TaskRefs<DemoTasks>;
  readonly fleet: WorkerFleet;
  readonly ledger: Ledger;
  readonly random: SeededRandom;
  /** Submits `demo.append` so often, each with a line of its own; resolves when all are accepted. */
  append(count: number, ms: number | (() => number)): Promise<Accepted>;
  barB(accepted: Accepted, maxExtras: number, deadlineMs?: number): Promise<BarBFigures>;
  /** Prints what was done and seen, with the seed that repeats it. */
  report(fault: string, figures: object): void;
}

/** One broker for all scenarios of a file: RabbitMQ takes seconds to start. */
let shared: Promise<BrokerUnderTest> | undefined;
afterAll(async () => (await shared)?.remove());

/**
 * A database, a process that submits (this one), workers that are processes of their own, and a ledger. Fails when a
 * connection is left open in the end; what the workers said goes into the message of a failure.
 */
export async function scenario(
  options: ScenarioOptions,
  body: (scenario: Scenario) => Promise<void>,
): Promise<void> {
  const started = performance.now();
  const database = options.database ?? (await createDatabase());
  const { url, sql } = database;
  const ledger = await Ledger.create();
  const broker = options.broker ?? (await (shared ??= startBroker(brokerOfThisRun)));
  const brokerUrl = options.brokerUrl ?? broker.url;
  const producer = new URL(options.producerUrl?.(url) ?? url);
  producer.searchParams.set('application_name', 'producer');
  const application = await createApplication(
    producer.toString(),
    {},
    { broker: brokerUrl, ...options.application },
  );
  const fleet = new WorkerFleet(sql, {
    url,
    ledger: ledger.path,
    ...options.worker,
    env: { ...(brokerUrl && { BROKER_URL: brokerUrl }), ...options.worker?.env },
  });
  const demo = application.tasks.of(DemoTasks);
  let lines = 0;
  try {
    await watchEndings(sql);
    await body({
      url,
      sql,
      broker,
      application: application.app,
      tasks: application.tasks,
      demo,
      fleet,
      ledger,
      random: new SeededRandom(),
      async append(count, ms) {
        const jobs = Array.from({ length: count }, async () => {
          const line = `line-${++lines}`;
          const { id } = await demo.append.delay(line, typeof ms === 'number' ? ms : ms());
          return [id, line] as const;
        });
        return new Map(await Promise.all(jobs));
      },
      async barB(accepted, maxExtras, deadlineMs) {
        const figures = await assertBarB({ sql, accepted, ledger, maxExtras, deadlineMs });
        // messages of workers that died are given out anew after their leases, and refused
        await until('the broker holds nothing', async () => (await broker.held()) === 0);
        return figures;
      },
      report(fault, figures) {
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        const text = Object.entries({ ...figures, seed, seconds }).map(([name, value]) => `${name} ${value}`);
        process.stderr.write(`fault ${fault} (${broker.kind}, ${poolOfThisRun}): ${text.join(', ')}\n`);
      },
    });
  } catch (error) {
    if (error instanceof Error) error.message += `\nseed ${seed}\n${fleet.logs()}`;
    throw error;
  } finally {
    await fleet.kill();
    await application.close();
    await database.drop();
    await ledger.remove();
  }
}

/** How many connections each process has, by the names that scenarios give them. */
export async function connections(sql: TestDatabase['sql']): Promise<Record<string, number>> {
  const { rows } = await sql.query<{ name: string; n: number }>(
    `SELECT application_name AS name, count(*)::int AS n FROM pg_stat_activity
     WHERE datname = current_database() AND application_name <> '' GROUP BY 1`,
  );
  return Object.fromEntries(rows.map((row) => [row.name, row.n]));
}
