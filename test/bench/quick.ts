import { RedisServer } from '../support/redis-server.js';
import { BareBullMq } from './bare-bullmq.js';
import { settled, submitsPublished } from './broker-loads.js';
import { openBench, n } from './harness.js';
const C = Number(process.env.C ?? 200),
  N = Number(process.env.N ?? 20000);
const redis = await RedisServer.create({ appendonly: 'no' });
const bench = await openBench(redis.url);
const bare = new BareBullMq(redis.url);
for (let i = 0; i < 4; i++) {
  await bare.clear();
  const a1 = await bare.add(N, 500);
  const w1 = await bare.work(N, C);
  await bench.clear();
  const a2 = await submitsPublished(bench, N, 500);
  const w2 = await settled(bench, N, C);
  console.log(
    `add bare ${n(a1)} ours ${n(a2)} ${(a2 / a1).toFixed(2)}   work bare ${n(w1.rate)} ours ${n(w2.rate)} ${(w2.rate / w1.rate).toFixed(2)}`,
  );
}
await bare.close();
await bench.close();
await redis.remove();
process.exit(0);
