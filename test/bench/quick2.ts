import { RedisServer } from '../support/redis-server.js';
import { fill, settled } from './broker-loads.js';
import { openBench, n } from './harness.js';
import inspector from 'node:inspector';
import { writeFileSync } from 'node:fs';
import { BatchScripts } from '#dist/tasks/brokers/redis/batch-scripts.js';
import { TaskStore } from '#dist/tasks/store/task-store.js';
const stats: Record<string, number[]> = {};
function spy(proto: object, name: string, size: (a: unknown[]) => number) {
  const p = proto as Record<string, (...a: unknown[]) => unknown>;
  const o = p[name]!;
  stats[name] = [];
  p[name] = function (...a) {
    stats[name]!.push(size(a));
    return o.apply(this, a);
  };
}
spy(BatchScripts.prototype, 'finish', (a) => (a[2] as unknown[]).length);
spy(BatchScripts.prototype, 'take', (a) => a[2] as number);
spy(TaskStore.prototype, 'claimById', (a) => (a[1] as unknown[]).length);
spy(TaskStore.prototype, 'finish', (a) => (a[0] as unknown[]).length);
const C = Number(process.env.C ?? 200),
  N = Number(process.env.N ?? 20000);
const redis = await RedisServer.create({ appendonly: 'no' });
const bench = await openBench(redis.url);
await fill(bench, 5000);
await settled(bench, 5000, C);
await fill(bench, N);
const s = new inspector.Session();
s.connect();
const post = (m: string, p?: object) =>
  new Promise<{ profile: object }>((r, j) =>
    s.post(m, p as never, (e: unknown, x: unknown) => (e ? j(e) : r(x as { profile: object }))),
  );
await post('Profiler.enable');
await post('Profiler.setSamplingInterval', { interval: 200 });
await post('Profiler.start');
const before = process.cpuUsage();
const t0 = performance.now();
for (const k in stats) stats[k] = [];
const w = await settled(bench, N, C);
const cpu = process.cpuUsage(before);
const wall = performance.now() - t0;
const { profile } = await post('Profiler.stop');
writeFileSync('/tmp/q.cpuprofile', JSON.stringify(profile));
console.log(
  n(w),
  'cpu us/task',
  (cpu.user + cpu.system) / N,
  'wall us/task',
  (wall * 1000) / N,
  'redis',
  (await redis.ask<string>('INFO', 'cpu')).match(/used_cpu_(user|sys):[\d.]+/g),
  (await redis.ask<string>('INFO', 'commandstats'))
    .split('\n')
    .filter((l) => /evalsha|zadd|bzpop|pexpire|ping|set/.test(l))
    .join(' '),
);
for (const [k, v] of Object.entries(stats))
  console.log(k, v.length, (v.reduce((a, b) => a + b, 0) / v.length).toFixed(1));
await bench.close();
await redis.remove();
process.exit(0);
