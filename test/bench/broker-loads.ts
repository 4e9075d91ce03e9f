import { setTimeout as sleep } from 'node:timers/promises';
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

/** Tasks a second of one worker in this process, from its start until the last result is stored. */
export async function settled(bench: Bench, count: number, concurrency: number): Promise<number> {
  const worker = await bench.openWorker();
  BenchTasks.runs = 0;
  try {
    return await rate(count, async () => {
      await worker.start(concurrency);
      while (BenchTasks.runs < count) await sleep(5);
      await untilEmpty(bench);
    });
  } finally {
    await worker.close();
  }
}

export async function untilEmpty(bench: Bench): Promise<void> {
  while ((await bench.sql.query(`SELECT FROM ${bench.tables.task} LIMIT 1`)).rows.length > 0) await sleep(3);
}

async function published(bench: Bench): Promise<void> {
  while ((await bench.sql.query(`SELECT FROM ${bench.tables.outbox} LIMIT 1`)).rows.length > 0)
    await sleep(3);
}
