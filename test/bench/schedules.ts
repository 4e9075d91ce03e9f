import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { ScheduleService, Worker } from '#dist/tasks/index.js';
import { n, percentile } from './compare.js';
import { applicationOf, openBench, type Bench } from './harness.js';

const COUNT = Number(process.env.BENCH_SCHEDULES ?? 10_000);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 125);

/**
 * One scheduler with many schedules, each of which ticks every minute: at once when a minute begins, or spread over it.
 * Its tasks are left in the table: what runs them is another process. BENCH=schedules.
 */
export async function benchSchedules(): Promise<void> {
  const bench = await openBench();
  const context = await applicationOf(bench.url, undefined);
  const worker = context.get(Worker);
  try {
    await worker.start({ queues: ['nobody-submits-here'], concurrency: 1 });
    const idle = await processorTime(10_000);
    console.log(`without schedules the process takes ${n(idle * 100, 1)} % of a core`);
    for (const [title, crontab] of [
      ['spread over each minute', (i: number) => `${i % 60} * * * * *`],
      ['all at once when a minute begins', () => '0 * * * * *'],
    ] as const)
      await measure(bench, context.get(ScheduleService), title, crontab);
  } finally {
    await worker.stop(1000);
    await context.close();
    await bench.close();
  }
}

async function measure(
  bench: Bench,
  schedules: ScheduleService,
  title: string,
  crontab: (i: number) => string,
): Promise<void> {
  const { schedule, task } = bench.tables;
  await bench.sql.query(`TRUNCATE ${schedule}, ${task}`);
  // a statement for all of them: that they are made one by one is not what is measured
  const runs = new Map<string, string>();
  const rows = await Promise.all(
    Array.from({ length: COUNT }, async (_, i) => {
      const text = crontab(i);
      if (!runs.has(text)) {
        const [first = ''] = (await schedules.preview({ crontab: text })).runs;
        runs.set(text, first);
      }
      return {
        id: uuidv7(),
        name: `schedule ${i}`,
        spec: { task: 'bench.add', crontab: text, args: [i, 1] },
        next: runs.get(text)!,
      };
    }),
  );
  await bench.sql.query(
    `INSERT INTO ${schedule} (id, name, task, next_at, spec)
     SELECT id, name, 'bench.add', next, spec FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::jsonb[]) u(id, name, next, spec)`,
    [
      rows.map((row) => row.id),
      rows.map((row) => row.name),
      rows.map((row) => row.next),
      rows.map((row) => JSON.stringify(row.spec)),
    ],
  );
  await bench.sql.query(`ANALYZE ${schedule}`);
  // wakes the scheduler, as every change does
  await schedules.create({ name: 'last', task: 'bench.add', crontab: '@yearly', args: [1, 1] });
  // what was due while they were being made is late for that
  const { rows: begin } = await bench.sql.query<{ now: string }>('SELECT clock_timestamp() AS now');
  const core = await processorTime(SECONDS * 1000);
  const { rows: late } = await bench.sql.query<{ ms: number }>(
    `SELECT extract(epoch FROM ready_at - (tags->>'scheduledAt')::timestamptz)::float8 * 1000 AS ms FROM ${task}
     WHERE (tags->>'scheduledAt')::timestamptz > $1 ORDER BY 1`,
    [begin[0]!.now],
  );
  const times = late.map((row) => row.ms).sort((a, b) => a - b);
  console.log(
    `${n(COUNT)} schedules, ${title}: ${n(times.length)} ticks in ${SECONDS} s; from a tick's time until its task is ready ` +
      `p50 ${n(percentile(times, 50))} ms, p99 ${n(percentile(times, 99))} ms, at most ${n(times.at(-1) ?? 0)} ms (bar 1,000); ` +
      `${n(core * 100, 1)} % of a core (bar 10)`,
  );
}

/** The share of a core that this process takes meanwhile. */
async function processorTime(ms: number): Promise<number> {
  const before = process.cpuUsage();
  const start = performance.now();
  await sleep(ms);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (performance.now() - start);
}
