import { hostname } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Administration } from '#dist/tasks/control/administration.js';
import type { TaskFailedError, TaskHandle, TaskService } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { PoolWorkers } from '../support/pool-worker.js';
import { until } from '../support/until.js';

const POOLS = { async: ['-c', '2'], prefork: ['-P', 'prefork', '-c', '1'] } as const;

describe("Celery's options of a worker", () => {
  let database: TestDatabase;
  let application: TestApplication;
  let workers: PoolWorkers;
  let tasks: TaskService;
  const get = (handle: TaskHandle) => handle.get({ timeout: '60s' });

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, {}, { allowUnknownTasks: true });
    tasks = application.tasks;
    workers = await PoolWorkers.create(database.url, database.sql);
  });
  afterEach(async () => {
    await workers.kill();
    await database.sql.query(
      `TRUNCATE celeriac.task, celeriac.schedule; UPDATE celeriac.worker SET dead_at = now() - interval '2 hours'`,
    );
  });
  afterAll(async () => {
    await workers.remove();
    await application.close();
    await database.drop();
  });

  for (const [pool, args] of Object.entries(POOLS)) {
    it(`give it a name, limits for tasks that have none, and a quiet log (${pool})`, async () => {
      const worker = await workers.start([
        ...args,
        '-n',
        'pool@%h',
        '-l',
        'ERROR',
        '--time-limit',
        '1',
        '--soft-time-limit',
        '300ms',
      ]);
      const [found] = await application.app.get(Administration).workers();
      expect(found).toMatchObject({ name: `pool@${hostname()}`, pid: worker.pid, pool });
      const soft = await tasks.submit('pool.wait', [60_000]);
      const hard = await tasks.submit('pool.deaf', [60_000]);
      const errorOf = (handle: TaskHandle) =>
        get(handle).catch((error: unknown) => (error as TaskFailedError).error);
      expect(await errorOf(soft)).toMatchObject({ name: 'SoftTimeLimitExceededError' });
      expect(await errorOf(hard)).toMatchObject({ name: 'TimeLimitExceededError' });
      // what a call says comes first
      expect(await get(await tasks.submit('pool.deaf', [1200], { timeLimit: '10s' }))).toBe('slept');
      const { worker: name } = await soft.record();
      expect(name).toMatch(pool === 'async' ? /^pool@[^-]*/ : /^pool@.*-\d+$/);
      expect(worker.log).not.toContain('takes tasks');
      expect(worker.log).toContain(soft.id);
    });

    it(`revoke what waits before it starts, and leave schedules to others (${pool})`, async () => {
      const ready = await tasks.submit('pool.pid', []);
      const later = await tasks.submit('pool.pid', [], { countdown: '1s' });
      const elsewhere = await tasks.submit('pool.pid', [], { queue: 'elsewhere' });
      const worker = await workers.start([...args, '-X', 'elsewhere', '--purge', '--no-beat'], 1, {
        TICKS: 'yes',
      });
      expect(await ready.record()).toMatchObject({ state: 'REVOKED' });
      expect(await get(later)).toBe((await worker.takers())[0]);
      expect(await elsewhere.state()).toBe('PENDING');
      expect(worker.log).toContain('--purge: 1 tasks that waited were revoked');
      const ticked = async () =>
        (await database.sql.query(`SELECT FROM celeriac.schedule WHERE last_run_at IS NOT NULL`)).rowCount;
      const { rowCount } = await database.sql.query(
        `SELECT FROM celeriac.schedule WHERE next_at < now() + interval '2 s'`,
      );
      expect([rowCount, await ticked()]).toEqual([1, 0]);
      await workers.start([...args, '-B'], 1, { TICKS: 'yes' });
      await until('the other one ticks', async () => (await ticked()) === 1);
    });
  }

  it('have a warning said where tasks wait and nobody listens', async () => {
    await tasks.submit('pool.pid', [], { queue: 'lonely' });
    await database.sql.query(`UPDATE celeriac.task SET ready_at = ready_at - interval '1 minute'`);
    const worker = await workers.start(['-Q', 'other']);
    await until('it is said', () =>
      /tasks have been waiting for 30 s where no worker listens: queue lonely; start a worker with -Q lonely/.test(
        worker.log,
      ),
    );
  });

  it('that are not needed here are explained', async () => {
    for (const [args, message] of [
      [['-E'], 'events are told whenever somebody listens'],
      [['--prefetch-multiplier=4'], 'no worker hoards any'],
      [['-l', 'loud'], 'expected one of fatal, error'],
      [['-n', 'a b'], 'name: expected 1 to 100 letters'],
      [['--time-limit', '10', '--soft-time-limit', '20'], 'softTimeLimit: expected less than timeLimit'],
    ] as const) {
      const worker = workers.spawn(args);
      expect(await worker.ended()).toMatchObject({ code: 1 });
      expect(worker.log).toContain(message);
      expect(worker.log).not.toMatch(/^ +at /m);
    }
  });
});
