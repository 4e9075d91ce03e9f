import { RedisServer, redisMissing } from '../support/redis-server.js';
import { BareBullMq } from './bare-bullmq.js';
import { fill, sample, settled, submitsPublished } from './broker-loads.js';
import { compare, median, n, percentile, settings } from './compare.js';
import { openBench, type Bench } from './harness.js';
import { submitToStart } from './latency.js';

const { count } = settings;
const IN_FLIGHT = 500;
/** Deletes every key but the one by which a Redis is known again. */
const CLEAR = `for _, key in ipairs(redis.call('KEYS', '*')) do
  if not key:find(':epoch$') then redis.call('UNLINK', key) end
end`;
const CONCURRENCY = 200;

/** The Redis broker, everything recorded in Postgres, against BullMQ alone, which records nothing. */
export async function benchRedis(): Promise<void> {
  if (redisMissing) return console.log(`left out: ${redisMissing}\n`);
  const redis = await RedisServer.create();
  const bench = await openBench(redis.url);
  const table = await openBench();
  const bare = new BareBullMq(redis.url);
  try {
    await compare(
      `submit, ${IN_FLIGHT} in flight, until committed and published`,
      { title: 'delay()', measure: emptied(bench, redis, () => submitsPublished(bench, count, IN_FLIGHT)) },
      {
        title: 'queue.add() of bare BullMQ',
        measure: emptied(bench, redis, () => bare.add(count, IN_FLIGHT)),
      },
      { bar: 0.8 },
    );
    const ours = (open: Bench, processes: number, text?: string, total = count) => ({
      title: `${processes} worker${processes > 1 ? 's' : ''}`,
      measure: emptied(open, redis, async () => {
        await fill(open, total, text);
        return settled(open, total, CONCURRENCY, processes);
      }),
    });
    const theirs = (processes: number, data?: unknown, total = count) => ({
      title: `${processes} of bare BullMQ`,
      measure: emptied(bench, redis, async () => {
        await bare.fill(total, data);
        return bare.work(total, CONCURRENCY, processes);
      }),
    });
    const title = `waiting to settled, concurrency ${CONCURRENCY}`;
    await compare(`${title}, one process`, ours(bench, 1), theirs(1), { bar: 0.75 });
    await compare(`${title}, two processes`, ours(bench, 2), theirs(2));
    await compare(`${title}, the database as broker`, ours(table, 1), theirs(1), { bar: 1.6 });
    for (const [size, share] of [
      [1024, 2],
      [102_400, 20],
    ] as const) {
      const text = 'x'.repeat(size);
      const total = Math.ceil(count / share);
      const sized = `${title}, arguments of ${n(size / 1024)} KB`;
      await compare(sized, ours(bench, 1, text, total), theirs(1, [text], total));
    }
    const times = await submitToStart(bench, 200);
    console.log(
      `submit to start, idle: p50 ${n(median(times), 2)} ms, p99 ${n(percentile(times, 99), 2)} ms\n`,
    );
  } finally {
    await bare.close();
    await bench.close();
    await table.close();
    await redis.remove();
  }
}

/**
 * Each measurement begins with nothing in the tables and in the queues. Not with FLUSHALL: a Redis that has forgotten
 * everything is told of everything again, beside the work that is measured.
 */
function emptied(
  bench: Bench,
  redis: RedisServer,
  measure: () => Promise<number | Parameters<typeof sample>[0]>,
) {
  return async () => {
    await bench.clear();
    await redis.ask('EVAL', CLEAR, 0);
    return sample(await measure());
  };
}
