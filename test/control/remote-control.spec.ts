import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Administration } from '#dist/tasks/control/administration.js';
import { RemoteControl, UnknownWorkerError } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { WorkerFleet } from '../support/worker-fleet.js';
import type { WorkerProcess } from '../support/worker-process.js';

describe('remote control of worker processes', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let remote: RemoteControl;
  let fleet: WorkerFleet;
  let first: WorkerProcess;
  let second: WorkerProcess;

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, {}, { allowUnknownTasks: true });
    remote = application.app.get(RemoteControl);
    fleet = new WorkerFleet(database.sql, { url: database.url, concurrency: 1, lease: '6s' });
    [first, second] = (await fleet.startMany(2)) as [WorkerProcess, WorkerProcess];
  });
  afterAll(async () => {
    await fleet.terminate();
    await application.close();
    await database.drop();
  });
  afterEach(async () => {
    await application.tasks.revokeMany({ queue: 'default' }, { terminate: true });
  });

  const named = (worker: WorkerProcess) => `*-${worker.pid}`;
  const values = async <T>(answers: Promise<{ replies: readonly { ok: boolean; value?: T }[] }>) =>
    (await answers).replies.map((reply) => (reply.ok ? reply.value : reply));
  const isActive = (id: string) =>
    until(`${id} runs`, async () =>
      (await remote.inspect('active', {}, { timeout: '30s' })).replies.some(
        (reply) => reply.ok && reply.value.some((t) => t.id === id),
      ),
    );

  it('asks all, some or one: each answers for itself', async () => {
    const { replies, missing } = await remote.inspect('ping', {}, { timeout: '30s' });
    expect(missing).toEqual([]);
    expect(replies).toHaveLength(2);
    for (const { pid } of [first, second])
      expect(replies).toContainEqual(
        expect.objectContaining({ worker: expect.stringMatching(`-${pid}$`), value: 'pong' }),
      );
    const stats = await remote.inspect('stats', {}, { workers: named(first), timeout: '30s' });
    expect(stats.replies).toEqual([
      {
        ok: true,
        worker: expect.stringMatching(`-${first.pid}$`),
        workerId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        value: expect.objectContaining({
          pool: 'async',
          slots: 1,
          running: 0,
          pid: first.pid,
          version: process.version,
          broker: 'postgres',
          eventLoopLagMs: expect.any(Number),
          memory: expect.any(Number),
        }),
      },
    ]);
    const { workerId } = stats.replies[0]!;
    expect(
      (await remote.inspect('ping', {}, { workers: [workerId, named(second)], timeout: '30s' })).replies,
    ).toHaveLength(2);
  });

  it('says that nobody has such a name, and who comes near', async () => {
    const name = (await remote.inspect('ping', {}, { timeout: '30s' })).replies[0]!.worker;
    const asked = remote.inspect('ping', {}, { workers: `${name}0` });
    await expect(asked).rejects.toThrow(UnknownWorkerError);
    await expect(asked).rejects.toThrow(`did you mean '${name}'?`);
  });

  it('tells what runs where, and finds tasks by their ids', async () => {
    const { id } = await application.tasks.submit('demo.sleep', [60_000]);
    await isActive(id);
    const found = await remote.inspect('query_task', { ids: [id] }, { timeout: '30s' });
    const [task] = found.replies.flatMap((reply) => (reply.ok ? reply.value : []));
    expect(task).toMatchObject({
      id,
      name: 'demo.sleep',
      queue: 'default',
      attempt: 1,
      state: 'active',
      ending: false,
    });
    expect([first.pid, second.pid]).toContain(task!.pid);
  });

  it('lists what is registered, how workers are set up without secrets, and what they report', async () => {
    const { replies } = await remote.inspect('registered', {}, { workers: named(first), timeout: '30s' });
    expect(replies[0]).toMatchObject({
      value: expect.arrayContaining([{ name: 'demo.sleep', queue: 'default', limited: false }]),
    });
    const [conf] = await values(remote.inspect('conf', {}, { workers: named(first), timeout: '30s' }));
    expect(conf).toMatchObject({ schema: 'celeriac', leaseMs: 6000 });
    const [report] = await values(remote.inspect('report', {}, { workers: named(first), timeout: '30s' }));
    expect(report).toContain(`node:     ${process.version}`);
    expect(JSON.stringify([conf, report])).not.toContain(new URL(database.url).password || 'postgres://');
    expect(await values(remote.inspect('memsample', {}, { workers: named(first), timeout: '30s' }))).toEqual([
      expect.objectContaining({ rss: expect.any(Number), heapUsed: expect.any(Number) }),
    ]);
  });

  it('lists delayed tasks, the next first, from the database', async () => {
    const later = await application.tasks.submit('demo.echo', [1], { countdown: '2h' });
    const sooner = await application.tasks.submit('demo.echo', [1], { countdown: '1h' });
    expect(await remote.scheduled()).toEqual([
      expect.objectContaining({ id: sooner.id, name: 'demo.echo', dueAt: expect.stringMatching(/Z$/) }),
      expect.objectContaining({ id: later.id }),
    ]);
  });

  it('grows and shrinks how many run at once, never to none', async () => {
    await remote.control('pause', {}, { workers: named(second), timeout: '30s' });
    const blocking = await application.tasks.submit('demo.sleep', [60_000]);
    await isActive(blocking.id);
    const waiting = await application.tasks.submit('demo.echo', ['through']);
    expect(
      await values(remote.control('pool_grow', { n: 1 }, { workers: named(first), timeout: '30s' })),
    ).toEqual([2]);
    expect(await waiting.get({ timeout: '60s' })).toBe('through');
    expect(
      await values(remote.control('pool_shrink', { n: 1 }, { workers: named(first), timeout: '30s' })),
    ).toEqual([1]);
    expect(
      await values(remote.control('pool_shrink', { n: 1 }, { workers: named(first), timeout: '30s' })),
    ).toEqual([
      expect.objectContaining({ ok: false, error: expect.objectContaining({ code: 'CONTROL_REFUSED' }) }),
    ]);
    await remote.control('resume', {}, { workers: named(second), timeout: '30s' });
  });

  it('takes from a queue, and no more from it', async () => {
    const both = [named(first), named(second)];
    await remote.control('cancel_consumer', { queue: 'extra' }, { workers: both });
    const handle = await application.tasks.submit('demo.echo', ['extra'], { queue: 'extra' });
    expect(
      await values(remote.inspect('active_queues', {}, { workers: named(first), timeout: '30s' })),
    ).not.toContainEqual(expect.arrayContaining(['extra']));
    await expect(handle.get({ timeout: 300 })).rejects.toThrow('still PENDING');
    const [queues] = await values(
      remote.control('add_consumer', { queue: 'extra' }, { workers: named(first), timeout: '30s' }),
    );
    expect(queues).toContain('extra');
    expect(await handle.get({ timeout: '60s' })).toBe('extra');
  });

  it('keeps a paused worker from taking anything, until it is resumed', async () => {
    await remote.control('pause', {}, { timeout: '30s' });
    const handle = await application.tasks.submit('demo.echo', ['rested']);
    await expect(handle.get({ timeout: 300 })).rejects.toThrow('still PENDING');
    await remote.control('resume', {}, { workers: named(first), timeout: '30s' });
    expect(await handle.get({ timeout: '60s' })).toBe('rested');
    await remote.control('resume', {}, { timeout: '30s' });
  });

  it('refuses clearly what the async pool cannot do', async () => {
    for (const answers of [remote.control('pool_restart', {}, { workers: named(first), timeout: '30s' })])
      expect(await values<unknown>(answers)).toEqual([
        expect.objectContaining({
          error: { code: 'CONTROL_REFUSED', message: expect.stringContaining('async pool') },
        }),
      ]);
  });

  it('returns what was answered with who did not, and what came too late is not done', async () => {
    second.freeze();
    const { replies, missing } = await remote.control('pause', {}, { timeout: 3000 });
    expect(replies).toMatchObject([{ ok: true, worker: expect.stringMatching(`-${first.pid}$`) }]);
    expect(missing).toMatchObject([{ name: expect.stringMatching(`-${second.pid}$`) }]);
    second.thaw();
    const stats = await remote.inspect('stats', {}, { timeout: '30s' });
    const paused = new Map(stats.replies.map((reply) => [reply.worker, reply.ok && reply.value.paused]));
    expect([...paused].sort((a, b) => Number(a[1]) - Number(b[1])).map(([, p]) => p)).toEqual([false, true]);
    await remote.control('resume', {}, { timeout: '30s' });
  });

  it('makes a worker quieter while it runs', async () => {
    const failing = async () => {
      const handle = await application.tasks.submit('demo.fail', ['out loud']);
      await handle.get({ timeout: '60s' }).catch(() => undefined);
      return handle.id;
    };
    const loud = await failing();
    await until('it is in the log', () => fleet.logs().includes(loud));
    await remote.control('loglevel', { level: 'fatal' }, { timeout: '30s' });
    const quiet = await failing();
    await remote.control('loglevel', { level: 'warn' }, { timeout: '30s' });
    const loudAgain = await failing();
    await until('it is in the log', () => fleet.logs().includes(loudAgain));
    expect(fleet.logs()).not.toContain(quiet);
  });

  it('reaches a prefork worker as one, with the code and the tasks of its children', async () => {
    const prefork = await fleet.start({ env: { POOL: 'prefork' }, concurrency: 2 });
    const to = { workers: named(prefork), timeout: '30s' };
    const [stats] = await values(remote.inspect('stats', {}, to));
    expect(stats).toMatchObject({ pool: 'prefork', slots: 2, pid: prefork.pid });
    const [registered] = await values(remote.inspect('registered', {}, to));
    expect(registered).toContainEqual({ name: 'demo.sleep', queue: 'default', limited: false });
    await remote.control('pause', {}, { workers: [named(first), named(second)], timeout: '30s' });
    const { id } = await application.tasks.submit('demo.sleep', [60_000]);
    await isActive(id);
    const [active] = await values(remote.inspect('active', {}, to));
    expect(active).toMatchObject([{ id, name: 'demo.sleep' }]);
    expect(await values(remote.control('pool_grow', { n: 1 }, to))).toEqual([3]);
    expect((await remote.control('pool_restart', {}, to)).replies).toMatchObject([{ ok: true }]);
    expect((await application.app.get(Administration).workers()).filter(({ alive }) => alive)).toHaveLength(
      3,
    );
    await application.tasks.revoke(id, { terminate: true });
    await remote.control('resume', {}, { timeout: '30s' });
    await remote.control('shutdown', {}, to);
    expect(await prefork.ended()).toMatchObject({ code: 0 });
  });

  it('checks what a command takes along before anybody is told', async () => {
    for (const [command, params, message] of [
      ['pool_grow', { n: 0 }, 'n: expected a whole number'],
      ['add_consumer', { queue: "a'; --" }, 'queue: expected a queue name'],
      ['loglevel', { level: 'debgu' }, "did you mean 'debug'?"],
      ['autoscale', { max: 1, min: 2 }, 'min: expected at most max'],
      ['pause', { for: 'ever' }, 'nothing of that name'],
    ] as const)
      expect(() => remote.control(command, params as never)).toThrow(message);
  });

  it('keeps who told whom what, and nothing of the rest', async () => {
    await remote.control('pool_grow', { n: 1 }, { workers: named(first), by: 'ann', timeout: '30s' });
    await remote.control('pool_shrink', { n: 1 }, { workers: named(first), by: 'ann', timeout: '30s' });
    const { rows } = await database.sql.query(
      `SELECT by, action, detail FROM celeriac.audit WHERE by = 'ann' ORDER BY id`,
    );
    const workers = [expect.stringMatching(`-${first.pid}$`)];
    expect(rows).toEqual([
      { by: 'ann', action: 'pool_grow', detail: { n: 1, workers } },
      { by: 'ann', action: 'pool_shrink', detail: { n: 1, workers } },
    ]);
    const left = await database.sql.query('SELECT FROM celeriac.command');
    expect(left.rowCount).toBe(0);
  });

  it('writes how a worker is with its heartbeat', async () => {
    await until('it is written', async () => {
      const { rows } = await database.sql.query<{ status: { processed: number } | null }>(
        `SELECT status FROM celeriac.worker WHERE dead_at IS NULL AND status_at > now() - interval '5 s'`,
      );
      return rows.length === 2 && rows.some(({ status }) => (status?.processed ?? 0) > 0);
    });
  });

  it('ends a worker in good order, as SIGTERM would', async () => {
    const answers = await remote.control('shutdown', {}, { workers: named(second), timeout: '30s' });
    expect(answers.replies).toMatchObject([{ ok: true }]);
    expect(await second.ended()).toMatchObject({ code: 0, signal: null });
    expect((await remote.inspect('ping', {}, { timeout: '30s' })).replies).toHaveLength(1);
  });
});
