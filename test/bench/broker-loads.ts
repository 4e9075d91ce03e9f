import { setTimeout as sleep } from 'node:timers/promises';
import { BenchChild } from './child.js';
import { BenchTasks, inLanes, rate, type Bench } from './harness.js';

/** `delay()` with so many in flight, until all are committed and the broker has them. */
export async function submitsPublished(bench: Bench, count: number, inFlight: number): Promise<number> {
  const add = bench.tasks.of(BenchTasks).add;
  let left = count;
  return rate(count, async () => {
    await inLanes(inFlight, async () => {
      if (left-- <= 0) return false;
      await add.delay(2, 3);
      return true;
    });
    await published(bench);
  });
}

export async function fill(bench: Bench, count: number, text?: string): Promise<void> {
  const [name, args] = text === undefined ? ['bench.add', [2, 3]] : ['bench.take', [text]];
  for (let left = count; left > 0; left -= 1000)
    await bench.tasks.submitMany(Array.from({ length: Math.min(1000, left) }, () => ({ name, args })));
  await published(bench);
}

export interface Measured {
  /** Tasks a second. */
  readonly rate: number;
  /** Processor time of the workers, in µs a task. */
  readonly cpuUs: number;
  /** The largest worker's. */
  readonly peakMiB: number;
}

/** Tasks a second of workers that start now, until the last result is stored. */
export async function settled(
  bench: Bench,
  count: number,
  concurrency: number,
  processes = 1,
): Promise<Measured> {
  const args = [bench.url, bench.broker ?? '', String(concurrency)];
  const children = await Promise.all(
    Array.from({ length: processes }, () => BenchChild.open('./worker-child.js', args)),
  );
  return timed(children, count, async () => {
    const { rows } = await bench.sql.query(`SELECT FROM ${bench.tables.task} LIMIT 1`);
    return rows.length === 0;
  });
}

export async function timed(
  children: readonly BenchChild[],
  count: number,
  isOver: () => Promise<boolean>,
): Promise<Measured> {
  const before = performance.now();
  await Promise.all(children.map((child) => child.start()));
  while (!(await isOver())) await sleep(10);
  const seconds = (performance.now() - before) / 1000;
  const figures = await Promise.all(children.map((child) => child.close()));
  return {
    rate: count / seconds,
    cpuUs: (figures.reduce((sum, { cpuMs }) => sum + cpuMs, 0) * 1000) / count,
    peakMiB: Math.max(...figures.map(({ peakMiB }) => peakMiB)),
  };
}

async function published(bench: Bench): Promise<void> {
  while ((await bench.sql.query(`SELECT FROM ${bench.tables.outbox} LIMIT 1`)).rows.length > 0)
    await sleep(3);
}
