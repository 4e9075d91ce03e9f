import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { claimReady, type ClaimedTask } from '#dist/tasks/store/statements/claim.js';
import { finish, finishValues, type Ending } from '#dist/tasks/store/statements/finish.js';
import { registerWorker } from '#dist/tasks/store/statements/worker-lease.js';
import { newFence } from '#dist/tasks/store/fence.js';
import { BenchTasks, inLanes, rate, type Bench } from './harness.js';
import { insertRows, rawInserts } from './submit.js';

const CONCURRENCY = 200;
const PRIORITIES = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0];

/** From the moment when all tasks become ready to every result stored, by one idle worker with concurrency 200. */
export async function settles(bench: Bench, count: number): Promise<number> {
  const worker = await bench.openWorker();
  await worker.start(CONCURRENCY);
  BenchTasks.runs = 0;
  const client = await bench.sql.connect();
  await client.query('BEGIN');
  await insertRows(client, bench, count);
  const start = performance.now();
  await client.query('COMMIT');
  await client.query(`SELECT pg_notify('celeriac:celeriac', '{"q":["default"]}')`);
  client.release();
  while (BenchTasks.runs < count) await sleep(5);
  while (await isAnyLeft(bench)) await sleep(2);
  const seconds = (performance.now() - start) / 1000;
  await worker.close();
  return count / seconds;
}

async function isAnyLeft(bench: Bench): Promise<boolean> {
  const { rows } = await bench.sql.query(
    `SELECT FROM ${bench.tables.task} WHERE worker_id IS NOT NULL LIMIT 1`,
  );
  return rows.length > 0;
}

/** The same statements in a bare loop: two lanes, each claiming and settling half of the concurrency at a time. */
export async function rawSettles(bench: Bench, count: number): Promise<number> {
  await rawInserts(bench, count);
  const workerId = uuidv7();
  const register = registerWorker(bench.tables);
  await bench.sql.query(register.text, [workerId, 'raw', 3_600_000, '{}', '{}']);
  const claim = claimReady(bench.tables);
  const settle = finish(bench.tables);
  const limit = CONCURRENCY / 2;
  const marks = new Map<string, string>();
  return rate(count, () =>
    inLanes(2, async () => {
      const from = PRIORITIES.map((priority) => marks.get(String(priority)) ?? '-infinity');
      const values = [workerId, newFence(), PRIORITIES.map(() => 'default'), PRIORITIES, from, limit];
      const { rows } = await bench.sql.query<ClaimedTask>({ name: claim.name, text: claim.text, values });
      if (rows.length === 0) return false;
      for (const row of rows) {
        const key = String(row.priority);
        const mark = marks.get(key);
        if (mark === undefined || row.ready_at > mark) marks.set(key, row.ready_at);
      }
      const endings = rows.map((row): Ending => ({
        id: row.id,
        fence: row.fence,
        state: 'SUCCESS',
        result: '5',
        largeResult: false,
        error: null,
        progress: null,
        expires: false,
        awaited: false,
      }));
      endings.sort((a, b) => (a.id < b.id ? -1 : 1));
      await bench.sql.query({ name: settle.name, text: settle.text, values: finishValues(endings) });
      return true;
    }),
  );
}
