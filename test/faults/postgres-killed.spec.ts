import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailableError, SubmissionUncertainError } from '#dist/tasks/index.js';
import { connections, full, scenario, type Scenario } from '../support/fault-scenario.js';
import { startPrivatePostgres } from '../support/private-postgres.js';
import { until } from '../support/until.js';

/** The most connections that a process may have: 8 for the hot statements, LISTEN, the lease, reads, the application's. */
const POOLS = 12;
/** A heap grows before it is collected: less than this says nothing. */
const MEMORY_NOISE_MB = 80;
/** A worker that hears of nothing looks every 2 s. */
const SURELY_HEARD_MS = 1000;

async function latency({ demo }: Scenario): Promise<number> {
  const since = performance.now();
  const handle = await demo.echo.delay('heard');
  await handle.get({ timeout: '60s' });
  return performance.now() - since;
}

/** Notifications arrive again, in the workers and here: several fresh tasks in a row end faster than anybody polls. */
async function assertListening(s: Scenario): Promise<number> {
  await until('a fresh task ends at once', async () => (await latency(s)) < SURELY_HEARD_MS, 20_000);
  const all: number[] = [];
  for (let i = 0; i < 5; i++) all.push(await latency(s));
  const worst = Math.max(...all);
  expect(worst).toBeLessThan(SURELY_HEARD_MS);
  return Math.round(worst);
}

const finished = async ({ sql }: Scenario) =>
  (await sql.query<{ n: number }>('SELECT count(*)::int AS n FROM celeriac.task_done')).rows[0]!.n;
const started = async ({ sql }: Scenario) =>
  (await sql.query<{ n: number }>('SELECT count(*)::int AS n FROM celeriac.task WHERE worker_id IS NOT NULL'))
    .rows[0]!.n;

async function terminateAll({ sql }: Scenario): Promise<number> {
  const { rowCount } = await sql.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND (application_name = 'producer' OR application_name LIKE 'worker-%')`,
  );
  return rowCount ?? 0;
}

// fault 14
describe('the database going away under running workers', () => {
  it('loses nothing and runs nothing twice when Postgres is killed and started again', async () => {
    const n = full ? 2000 : 600;
    const kills = full ? 5 : 3;
    const { server, database } = await startPrivatePostgres();
    await scenario({ database }, async (s) => {
      const accepted = await s.append(n, () => 100 + s.random.below(200));
      await s.fleet.startMany(2);
      const atWork: number[] = [];
      while (atWork.length < kills) {
        const before = await finished(s);
        await until('tasks end', async () => (await finished(s)) > before);
        await sleep(s.random.below(300));
        atWork.push(await started(s));
        await server.kill();
        await sleep(100 + s.random.below(2000));
        await server.start();
      }
      expect(atWork.every((tasks) => tasks > 0)).toBe(true);
      const figures = await s.barB(accepted, 0);
      expect(s.fleet.running).toHaveLength(2);
      s.report('14, killed', { n, kills, ...figures, 'worst latency after in ms': await assertListening(s) });
    });
  });

  it('loses nothing and runs nothing twice when all backends are terminated again and again', async () => {
    const n = full ? 2000 : 800;
    const times = 20;
    await scenario({ worker: { lease: '10s' } }, async (s) => {
      const accepted = new Map(await s.append(100, 5));
      const workers = await s.fleet.startMany(2);
      await until('the workers are warm', async () => (await finished(s)) === 100);
      const before = await connections(s.sql);
      const memory = () => Promise.all(workers.map((worker) => worker.memory()));
      const memoryBefore = await memory();

      const jobs: Promise<void>[] = [];
      let uncertain = 0;
      const submit = async (line: string) => {
        try {
          const { id } = await s.demo.append.delay(line, 50 + s.random.below(200));
          accepted.set(id, line);
        } catch (error) {
          if (error instanceof SubmissionUncertainError) uncertain++;
          else if (!(error instanceof StoreUnavailableError)) throw error;
        }
      };
      let terminated = 0;
      for (let i = 0; i < times; i++) {
        for (let j = 0; j < n / times; j++) jobs.push(submit(`job-${i}-${j}`));
        await sleep(s.random.below(400));
        // none are there while all of them are about to come back
        terminated += await until('there are backends to terminate', async () => terminateAll(s));
      }
      await Promise.all(jobs);
      expect(uncertain).toBe(0);
      expect(accepted.size).toBe(n + 100);
      const figures = await s.barB(accepted, 0);
      const worst = await assertListening(s);

      const after = await connections(s.sql);
      for (const [name, count] of Object.entries(before))
        expect(after[name] ?? 0).toBeLessThanOrEqual(Math.max(count, POOLS));
      const growth = (await memory()).map((mb, i) => Math.round(mb - memoryBefore[i]!));
      expect(Math.max(...growth)).toBeLessThan(MEMORY_NOISE_MB);
      const figuresAfter = { 'worst latency after in ms': worst, 'memory grown by MB': growth.join('/') };
      s.report('14, terminated', { n, times, terminated, ...figures, ...figuresAfter });
    });
  });
});
