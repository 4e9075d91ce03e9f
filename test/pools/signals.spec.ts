import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { TaskHandle, TaskService } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { NodeProcess, isAlive } from '../support/node-process.js';
import { PoolWorkers, type PoolWorker } from '../support/pool-worker.js';
import { until } from '../support/until.js';

/** Longer than any of these tests waits. */
const LONG_MS = 120_000;
const POOLS = { async: ['-c', '4'], prefork: ['-P', 'prefork', '-c', '2'] } as const;

describe('signals to a worker', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let workers: PoolWorkers;
  let tasks: TaskService;
  const run = async (name: string, ms: number): Promise<TaskHandle> => {
    const handle = await tasks.submit(name, [ms]);
    await until('it runs', async () => (await handle.state()) !== 'PENDING');
    return handle;
  };
  const outcomes = async (handle: TaskHandle) =>
    (await tasks.history(handle.id)).map((entry) => entry.kind).slice(1);
  /** As a terminal's Ctrl+C reaches the whole group. */
  const toAll = (worker: PoolWorker, signal: NodeJS.Signals) => {
    for (const pid of [worker.pid, ...worker.children()]) process.kill(pid, signal);
  };

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, {}, { allowUnknownTasks: true });
    tasks = application.tasks;
    workers = await PoolWorkers.create(database.url, database.sql);
  });
  afterEach(async () => {
    await workers.kill();
    await database.sql.query(
      `TRUNCATE celeriac.task, celeriac.attempt; UPDATE celeriac.worker SET dead_at = now()`,
    );
  });
  afterAll(async () => {
    await workers.remove();
    await application.close();
    await database.drop();
  });

  for (const [pool, args] of Object.entries(POOLS)) {
    const children = pool === 'prefork' ? 2 : 1;

    it(`SIGINT that arrives twice, and at children too, is one: what runs is finished (${pool})`, async () => {
      const worker = await workers.start(args, children);
      const handle = await run('pool.deaf', 4000);
      const first = performance.now();
      toAll(worker, 'SIGINT');
      await sleep(50);
      // later it would be another one
      if (performance.now() - first < 400) toAll(worker, 'SIGINT');
      expect(await worker.ended()).toMatchObject({ code: 0, signal: null });
      expect(await handle.state()).toBe('SUCCESS');
      expect(await outcomes(handle)).toEqual(['succeeded']);
    });

    it(`a second SIGTERM ends the grace: signals are aborted, the rest is given back uncharged (${pool})`, async () => {
      const worker = await workers.start(args, children);
      const handles = [await run('pool.wait', LONG_MS), await run('pool.deaf', LONG_MS)];
      worker.signal('SIGTERM');
      await until('the first one is heard', () => worker.log.includes('SIGTERM: finishing'));
      await sleep(700);
      worker.signal('SIGTERM');
      const exit = await worker.ended();
      expect(exit).toMatchObject({ code: 0, signal: null });
      expect(exit.ms).toBeLessThan(8000);
      for (const handle of handles) {
        expect(await handle.record()).toMatchObject({ state: 'PENDING', attempt: 0, retries: 0 });
        expect(await outcomes(handle)).toEqual(['released']);
      }
    });

    it(`SIGQUIT gives back everything at once (${pool})`, async () => {
      const worker = await workers.start(args, children);
      const handles = [await run('pool.wait', LONG_MS), await run('pool.deaf', LONG_MS)];
      worker.signal('SIGQUIT');
      const exit = await worker.ended();
      expect(exit).toMatchObject({ code: 0, signal: null });
      expect(exit.ms).toBeLessThan(4000);
      for (const handle of handles) {
        expect(await handle.record()).toMatchObject({ state: 'PENDING', attempt: 0 });
        // another child, or a claim that was on its way, may have taken it once more
        expect(new Set(await outcomes(handle))).toEqual(new Set(['released']));
      }
    });
  }

  it('a child that is blocked is killed after the grace, and its task is given back uncharged', async () => {
    const worker = await workers.start(['-P', 'prefork', '-c', '1', '--shutdown-grace', '200ms']);
    const handle = await run('pool.spin', LONG_MS);
    const exit = await worker.terminate();
    expect(exit).toMatchObject({ code: 0, signal: null });
    expect(exit.ms).toBeLessThan(8000);
    expect(await handle.record()).toMatchObject({ state: 'PENDING', attempt: 0, retries: 0 });
  });

  it('SIGTERM to one child alone replaces it when it has finished what it runs', async () => {
    const worker = await workers.start(['-P', 'prefork', '-c', '1']);
    const [pid] = await worker.takers();
    const handle = await run('pool.deaf', 4000);
    process.kill(pid!, 'SIGTERM');
    expect(await handle.get({ timeout: '60s' })).toBe('slept');
    await until('it was replaced', async () => {
      const pids = await worker.takers();
      return pids.length === 1 && pids[0] !== pid;
    });
    expect(await outcomes(handle)).toEqual(['succeeded']);
  });

  it('a child that was to retire does not outlive its supervisor by more than the grace', async () => {
    const worker = await workers.start(['-P', 'prefork', '-c', '1', '--shutdown-grace', '1s']);
    const [pid] = await worker.takers();
    await run('pool.wait', 600_000);
    process.kill(pid!, 'SIGTERM');
    await until('it was replaced', async () => (await worker.takers()).length === 2);
    await worker.killAlone();
    await until('it has ended', () => !isAlive(pid!));
  });

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  for (const [pool, args] of Object.entries(POOLS))
    asRoot(`process 1 of a container heeds SIGTERM as any other (${pool})`, async () => {
      const container = new NodeProcess(workers.script, args, { DATABASE_URL: database.url }, [
        'unshare',
        '--pid',
        '--fork',
        '--mount-proc',
        '--kill-child',
      ]);
      const handle = await run('pool.deaf', 4000);
      const [one] = container.children();
      process.kill(one!, 'SIGTERM');
      expect(await container.ended()).toMatchObject({ code: 0 });
      expect(container.log).toContain('SIGTERM: finishing');
      expect(await outcomes(handle)).toEqual(['succeeded']);
    });
});
