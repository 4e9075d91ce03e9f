import { RedisServer, redisMissing } from '../support/redis-server.js';
import { fill, untilEmpty } from './broker-loads.js';
import { BenchChild } from './child.js';
import { n } from './compare.js';
import { openBench } from './harness.js';

const TOTAL = Number(process.env.BENCH_MEMORY_TASKS ?? 1_000_000);
const STEPS = 10;

/** One worker through many tasks on Redis: its memory must not grow. BENCH=memory; takes minutes. */
export async function benchMemory(): Promise<void> {
  if (redisMissing) return console.log(`left out: ${redisMissing}\n`);
  const redis = await RedisServer.create();
  const bench = await openBench(redis.url);
  const worker = await BenchChild.open('./worker-child.js', [bench.url, redis.url, '200']);
  try {
    await worker.start();
    const sizes: string[] = [];
    for (let i = 0; i < STEPS; i++) {
      await fill(bench, TOTAL / STEPS);
      await untilEmpty(bench);
      sizes.push(n(await worker.memoryMiB()));
      await bench.sql.query(`TRUNCATE ${bench.tables.done}`);
    }
    console.log(
      `a worker's memory after each ${n(TOTAL / STEPS)} of ${n(TOTAL)} tasks, in MiB: ${sizes.join(' ')}\n`,
    );
  } finally {
    await worker.close();
    await bench.close();
    await redis.remove();
  }
}
