import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RemoteControl, type TaskService } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { PoolWorkers, type PoolWorker } from '../support/pool-worker.js';
import { until } from '../support/until.js';

describe('a prefork worker, by remote control', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let remote: RemoteControl;
  let workers: PoolWorkers;
  let worker: PoolWorker;
  let tasks: TaskService;
  const get = (handle: { get(options: object): Promise<unknown> }) => handle.get({ timeout: '60s' });
  /** What it answered, or why it refused. */
  const value = async (
    answers: Promise<{ replies: readonly { ok: boolean; value?: unknown; error?: unknown }[] }>,
  ) => {
    const [reply] = (await answers).replies;
    return reply?.ok ? reply.value : reply?.error;
  };
  const tell = (...command: Parameters<RemoteControl['control']>) =>
    value(remote.control(command[0], command[1], { timeout: '10s' }));
  const stats = () => value(remote.inspect('stats', {}, { timeout: '10s' }));

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, {}, { allowUnknownTasks: true });
    tasks = application.tasks;
    remote = application.app.get(RemoteControl);
    workers = await PoolWorkers.create(database.url, database.sql);
    worker = await workers.start(['-P', 'prefork', '-c', '1', '-n', 'pre@fork']);
  });
  afterAll(async () => {
    await workers.remove();
    await application.close();
    await database.drop();
  });

  it('is one worker: it tells what its children run, and in which of them', async () => {
    const handle = await tasks.submit('pool.wait', [60_000]);
    await until('it runs', async () => (await handle.state()) === 'STARTED');
    const { replies } = await remote.inspect('active', {}, { workers: 'pre@fork', timeout: '10s' });
    const [child] = await worker.takers();
    expect(replies).toMatchObject([
      {
        ok: true,
        worker: 'pre@fork',
        value: [{ id: handle.id, name: 'pool.wait', pid: child, ending: false }],
      },
    ]);
    expect(await stats()).toMatchObject({ pool: 'prefork', slots: 1, pid: worker.pid });
    await handle.revoke();
    await until('it has ended', async () => (await handle.state()) === 'REVOKED');
  });

  it('hands on to its children from which queues they take, those that start later too', async () => {
    await tell('cancel_consumer', { queue: 'extra' });
    const handle = await tasks.submit('pool.pid', [], { queue: 'extra' });
    await tell('pool_grow', { n: 1 });
    await worker.takes(2);
    await expect(handle.get({ timeout: 300 })).rejects.toThrow('still PENDING');
    expect(await tell('add_consumer', { queue: 'extra' })).toEqual(expect.arrayContaining(['extra']));
    expect(await worker.takers()).toContain(await get(handle));
  });

  it('grows and shrinks by child processes, in good order and never to none', async () => {
    const before = await worker.takers();
    const running = await Promise.all(before.map(() => tasks.submit('pool.deaf', [4000])));
    await until('they run', async () =>
      (await Promise.all(running.map((handle) => handle.state()))).every((state) => state === 'STARTED'),
    );
    expect(await tell('pool_shrink', { n: 1 })).toBe(1);
    await worker.takes(1);
    for (const handle of running) {
      expect(await get(handle)).toBe('slept');
      expect(await handle.record()).toMatchObject({ attempt: 1 });
    }
    expect(await tell('pool_shrink', { n: 1 })).toMatchObject({
      code: 'CONTROL_REFUSED',
      message: 'it has 1 child processes: no more than 0 can go',
    });
    expect(await stats()).toMatchObject({ slots: 1 });
  });

  it('takes nothing while it is paused, nor do children that start meanwhile', async () => {
    await tell('pause', {});
    await tell('pool_restart', {});
    const [old] = await worker.takers();
    await until(
      'it was replaced',
      async () => {
        const pids = await worker.takers();
        return pids.length === 1 && pids[0] !== old;
      },
      20_000,
    );
    const handle = await tasks.submit('pool.pid', []);
    await expect(handle.get({ timeout: 300 })).rejects.toThrow('still PENDING');
    expect(await stats()).toMatchObject({ paused: true });
    await tell('resume', {});
    expect(await worker.takers()).toContain(await get(handle));
  });

  it('shrinks in the middle of a replacement, and nobody stays behind', async () => {
    await tell('pool_grow', { n: 1 });
    await worker.takes(2);
    const length = worker.log.length;
    await tell('pool_restart', {});
    await until('one is being replaced', () => worker.log.slice(length).includes('is replaced'));
    await tell('pool_shrink', { n: 1 });
    const [left] = await worker.takes(1);
    expect(await get(await tasks.submit('pool.pid', []))).toBe(left);
    expect(await stats()).toMatchObject({ slots: 1 });
  });

  it('scales between the bounds that it is told', async () => {
    await tell('autoscale', { max: 3, min: 2 });
    await worker.takes(2);
    await tell('autoscale', { max: 1, min: 1 });
    await worker.takes(1);
  });

  it('says more or less, in its children too, and ends when it is told to', async () => {
    await tell('loglevel', { level: 'fatal' });
    const failed = await tasks.submit('pool.deaf', [200], { timeLimit: 100 });
    await get(failed).catch(() => undefined);
    expect(worker.log).not.toContain(failed.id);
    expect((await remote.control('shutdown', {}, { timeout: '10s' })).replies).toMatchObject([{ ok: true }]);
    expect(await worker.ended()).toMatchObject({ code: 0, signal: null });
  });
});
