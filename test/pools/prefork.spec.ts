import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TaskFailedError, type TaskHandle, type TaskService } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { PoolWorkers } from '../support/pool-worker.js';
import { until } from '../support/until.js';

describe('a prefork worker', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let workers: PoolWorkers;
  let tasks: TaskService;
  const prefork = (...args: string[]) => ['-P', 'prefork', ...args];
  const get = (handle: TaskHandle) => handle.get({ timeout: '60s' });
  const failure = (handle: TaskHandle) =>
    get(handle).then(
      () => undefined,
      (error: unknown) => (error as TaskFailedError).error,
    );
  const started = (handle: TaskHandle) => until('it runs', async () => (await handle.state()) !== 'PENDING');

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

  it('runs tasks in child processes, and ends one at its hard limit within a second while the other goes on', async () => {
    const worker = await workers.start(prefork('-c', '2'), 2);
    const pids = await worker.takers();
    const seen = new Set<number>();
    await until('both have run something', async () => {
      seen.add((await get(await tasks.submit('pool.pid', []))) as number);
      return seen.size === 2;
    });
    expect(seen).toEqual(new Set(pids));
    expect(seen).not.toContain(worker.pid);

    const endless = await tasks.submit('pool.endless', []);
    await started(endless);
    const neighbours = Array.from({ length: 20 }, async () => get(await tasks.submit('pool.pid', [])));
    expect(await failure(endless)).toMatchObject({ name: 'TimeLimitExceededError' });
    expect(new Set(await Promise.all(neighbours)).size).toBe(1);
    // and the killed one is replaced
    expect(await worker.takes(2)).not.toEqual(pids);
    const took = async (handle: TaskHandle) => {
      const { startedAt, finishedAt } = await handle.record();
      return Date.parse(finishedAt!) - Date.parse(startedAt!);
    };
    let least = await took(endless);
    // again where the machine itself stood still
    for (let i = 0; i < 2 && least >= 1400; i++) {
      const again = await tasks.submit('pool.endless', []);
      await failure(again);
      least = Math.min(least, await took(again));
      await worker.takes(2);
    }
    // the limit, and a second
    expect(least).toBeLessThan(1400);
    const { rows } = await database.sql.query('SELECT DISTINCT outcome FROM celeriac.attempt');
    expect(rows).toEqual([{ outcome: 'failed' }]);
  });

  it('retries by its policy what it ended at the limit, and gives back uncharged what ran beside it', async () => {
    await workers.start(prefork('-c', '1', '--concurrency-per-child', '3'));
    const beside = await tasks.submit('pool.deaf', [3000]);
    await started(beside);
    const limited = await tasks.submit('pool.endlessOnce', []);
    expect(await get(limited)).toBe(2);
    expect(await limited.record()).toMatchObject({ attempt: 2, retries: 1 });
    expect(await get(beside)).toBe('slept');
    expect(await beside.record()).toMatchObject({ attempt: 1, retries: 0 });
    expect((await tasks.history(beside.id)).map((entry) => entry.kind)).toContain('released');
  });

  it('tells how a child ended, whatever the way, and fails what kills one too often', async () => {
    await workers.start(prefork('-c', '1'));
    const leaving = await tasks.submit('pool.leave', [3]);
    expect(await failure(leaving)).toMatchObject({
      name: 'WorkerLostError',
      message: 'its worker died 2 times while it ran; the last time its process ended with exit code 3',
    });
  });

  it('kills a child that is blocked by a task that was revoked', async () => {
    await workers.start(prefork('-c', '1'), 1, { LEASE: '3s' });
    const block = await tasks.submit('pool.block', []);
    await started(block);
    await block.revoke({ terminate: true });
    expect(await get(await tasks.submit('pool.pid', []))).toEqual(expect.any(Number));
  });

  it('replaces children after so many tasks, above a size of memory, and after a time, without losing any', async () => {
    const counted = await workers.start(prefork('-c', '1', '--max-tasks-per-child', '3'));
    const pids: number[] = [];
    for (let i = 0; i < 9; i++) pids.push((await get(await tasks.submit('pool.pid', []))) as number);
    expect(new Set(pids.slice(0, 3)).size).toBe(1);
    expect(new Set(pids).size).toBe(3);
    await counted.terminate();

    const sized = await workers.start(prefork('-c', '1', '--max-memory-per-child', String(400 * 1024)));
    const first = await get(await tasks.submit('pool.leak', [500]));
    await until('it was replaced', async () => (await get(await tasks.submit('pool.pid', []))) !== first);
    expect(sized.log).toMatch(/is replaced: it has \d+ KiB of memory, more than 409600/);
    await sized.terminate();

    const aged = await workers.start(prefork('-c', '1', '--max-child-age', '2s'));
    const [young] = await aged.takers();
    await until('it was replaced', async () => !(await aged.takers()).includes(young!));
    const { rows } = await database.sql.query('SELECT outcome FROM celeriac.attempt');
    expect(rows).toEqual([]);
  });

  it('grows while tasks wait, up to its bound, and shrinks afterwards', async () => {
    const worker = await workers.start(prefork(), 1, { AUTOSCALE: '{"max":3,"min":1,"idle":"500ms"}' });
    const handles = await tasks.submitMany(
      Array.from({ length: 60 }, () => ({ name: 'pool.wait', args: [500] })),
    );
    await worker.takes(3);
    await Promise.all(handles.map(get));
    // in good order: nothing that ran was given back
    await worker.takes(1);
    const { rows } = await database.sql.query('SELECT outcome FROM celeriac.attempt');
    expect(rows).toEqual([]);
  });

  it('says once why it cannot start, and ends with 1; a child that cannot start later is tried again', async () => {
    const worker = workers.spawn(prefork('-c', '2'), { FAIL_TO_START: 'yes' });
    expect(await worker.ended()).toMatchObject({ code: 1 });
    expect(worker.log.match(/Error: cannot start/g)).toHaveLength(1);
    expect(worker.log).toContain('the first child process could not start');
  });
});
