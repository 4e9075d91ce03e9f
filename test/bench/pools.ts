import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TaskService } from '#dist/tasks/index.js';
import { median, n, percentile, settings } from './compare.js';
import { openBench, type Bench } from './harness.js';

const HASHES = Number(process.env.BENCH_HASHES ?? 100);
const ROUNDS = 80_000;
const IDLE_S = 20;
/** Until V8 has tidied up after the start. */
const IDLE_AFTER_S = 60;
const KILLS = 6;
const KILL_EVERY_MS = 3000;

/** Pools side by side: work that keeps a processor busy, tiny tasks, what idling costs, and neighbours of what is killed. */
export async function benchPools(): Promise<void> {
  const bench = await openBench();
  try {
    await hashLoops(bench);
    await tinyTasks(bench);
    await neighbours(bench);
    await idle(bench);
  } finally {
    await bench.close();
  }
}

async function hashLoops(bench: Bench): Promise<void> {
  const seconds = (args: readonly string[], takers: number) =>
    withWorker(bench, args, takers, () =>
      timed(
        bench,
        Array.from({ length: HASHES }, () => ({ name: 'bench.hash', args: [ROUNDS] })),
      ),
    );
  const ratios: number[] = [];
  const bareRatios: number[] = [];
  for (let pair = 0; pair < settings.pairs; pair++) {
    const one = await seconds(['-c', '10'], 1);
    const two = await seconds(['-P', 'prefork', '-c', '2', '--concurrency-per-child', '5'], 2);
    const bareOne = await bareHashes(1);
    const bareTwo = await bareHashes(2);
    ratios.push(one / two);
    bareRatios.push(bareOne / bareTwo);
    console.log(
      `${HASHES} hash loops: one process ${one.toFixed(2)} s, two children ${two.toFixed(2)} s; without tasks ${bareOne.toFixed(2)} and ${bareTwo.toFixed(2)} s`,
    );
  }
  console.log(
    `two children against one process: ${median(ratios).toFixed(2)}x (aim 1.8); two bare processes on this machine: ${median(bareRatios).toFixed(2)}x\n`,
  );
}

/** The same loops in so many processes without any tasks: what the machine gives. @returns seconds */
async function bareHashes(processes: number): Promise<number> {
  const code = `const { createHash } = require('node:crypto');
    for (let i = 0; i < ${HASHES / processes}; i++) {
      let hash = '';
      for (let round = 0; round < ${ROUNDS}; round++) hash = createHash('sha256').update(hash).digest('hex');
    }`;
  const since = performance.now();
  await Promise.all(
    Array.from({ length: processes }, () =>
      once(spawn(process.execPath, ['-e', code], { stdio: 'inherit' }), 'exit'),
    ),
  );
  return (performance.now() - since) / 1000;
}

async function tinyTasks(bench: Bench): Promise<void> {
  const pools: Record<string, [readonly string[], number]> = {
    'async, 200 at once': [['-c', '200'], 1],
    'prefork, 2 children, 100 at once each': [
      ['-P', 'prefork', '-c', '2', '--concurrency-per-child', '100'],
      2,
    ],
    'prefork, 2 children, one at once each': [['-P', 'prefork', '-c', '2'], 2],
  };
  for (const [name, [args, takers]] of Object.entries(pools)) {
    const rates: number[] = [];
    for (let run = 0; run < settings.pairs; run++)
      rates.push(
        await withWorker(bench, args, takers, async () => {
          const some = Array.from({ length: settings.count }, (_, i) => ({
            name: 'bench.add',
            args: [i, 1],
          }));
          return settings.count / (await timed(bench, some));
        }),
      );
    console.log(`tiny tasks, ${name}: ${n(median(rates))}/s`);
  }
  console.log('');
}

/** Tasks that take 5 ms each, one after the other: as they are, and while the other child is killed again and again. */
async function neighbours(bench: Bench): Promise<void> {
  await withWorker(bench, ['-P', 'prefork', '-c', '4'], 4, async () => {
    const latencies = async (until: () => boolean) => {
      const all: number[] = [];
      while (!until()) {
        const since = performance.now();
        const handle = await bench.tasks.submit('bench.hash', [500]);
        await handle.get({ timeout: '30s' });
        all.push(performance.now() - since);
      }
      return all;
    };
    const end = performance.now() + 10_000;
    const alone = await latencies(() => performance.now() > end);
    let killed = 0;
    const kills = (async () => {
      for (let i = 0; i < KILLS; i++) {
        const handle = await bench.tasks.submit('bench.endless', []);
        await handle.get({ timeout: '30s' }).catch(() => killed++);
        await sleep(KILL_EVERY_MS);
      }
    })();
    let over = false;
    void kills.finally(() => (over = true));
    const beside = await latencies(() => over);
    console.log(
      `neighbours: p50 ${median(alone).toFixed(1)} ms, p99 ${percentile(alone, 99).toFixed(1)} ms; while ${killed} children were killed at their limit ` +
        `p50 ${median(beside).toFixed(1)} ms, p99 ${percentile(beside, 99).toFixed(1)} ms (${(percentile(beside, 99) / percentile(alone, 99)).toFixed(2)}x, aim 2)\n`,
    );
  });
}

async function idle(bench: Bench): Promise<void> {
  for (const [name, args, takers] of [
    ['async', ['-c', '10'], 1],
    ['prefork with 2 children', ['-P', 'prefork', '-c', '2'], 2],
  ] as const)
    await withWorker(bench, args, takers, async (worker) => {
      await sleep(IDLE_AFTER_S * 1000);
      const before = cpuSeconds(worker.pid!);
      await sleep(IDLE_S * 1000);
      const used = (100 * (cpuSeconds(worker.pid!) - before)) / IDLE_S;
      console.log(`idle, ${name}: ${used.toFixed(2)} % of a core (aim: under 1)`);
    });
}

async function withWorker<T>(
  bench: Bench,
  args: readonly string[],
  takers: number,
  work: (worker: ChildProcess) => Promise<T>,
): Promise<T> {
  await bench.clear();
  const worker = spawn(
    process.execPath,
    [fileURLToPath(new URL('pool-worker.js', import.meta.url)), ...args],
    {
      env: { ...process.env, DATABASE_URL: bench.url },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const ended = once(worker, 'exit');
  const taking = async () =>
    (
      await bench.sql.query(
        `SELECT FROM celeriac.worker WHERE dead_at IS NULL AND info->>'pool' IS DISTINCT FROM 'prefork'`,
      )
    ).rowCount;
  while ((await taking()) !== takers) {
    if (worker.exitCode !== null) throw new Error('the worker could not start');
    await sleep(20);
  }
  await sleep(500);
  try {
    return await work(worker);
  } finally {
    worker.kill('SIGTERM');
    await ended;
  }
}

/** From the start of the first to the end of the last, in seconds, by the database's clock. */
async function timed(bench: Bench, some: Parameters<TaskService['submitMany']>[0]): Promise<number> {
  // so that the submission is no part of it
  await bench.sql.query(`UPDATE celeriac.queue SET paused_at = now()`);
  await sleep(2500);
  for (let i = 0; i < some.length; i += 1000) await bench.tasks.submitMany(some.slice(i, i + 1000));
  await bench.sql.query(`UPDATE celeriac.queue SET paused_at = NULL`);
  await bench.sql.query(`SELECT pg_notify('celeriac:celeriac', '{"c":true,"q":["default"]}')`);
  for (;;) {
    const { rows } = await bench.sql.query<{ n: string; seconds: number }>(
      `SELECT count(*) AS n, extract(epoch FROM max(finished_at) - min(started_at))::float8 AS seconds
       FROM celeriac.task_done`,
    );
    if (Number(rows[0]!.n) >= some.length) return rows[0]!.seconds;
    await sleep(100);
  }
}

/** Of the process and its children. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  const own = (Number(stat[11]) + Number(stat[12])) / 100;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return children.reduce((sum, child) => sum + cpuSeconds(Number(child)), own);
}
