import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  SoftTimeLimitExceededError,
  Task,
  TaskContext,
  TaskFailedError,
  TaskRevokedError,
} from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { until } from '../support/until.js';

let release = () => {};
let held: Promise<void> = Promise.resolve();

@Injectable()
class WorkTasks {
  @Task({ softTimeLimit: 50 })
  async slow(ctx: TaskContext): Promise<void> {
    await sleep(60_000, undefined, { signal: ctx.signal });
  }
  @Task({ softTimeLimit: 50 })
  async cleansUp(ctx: TaskContext): Promise<string> {
    try {
      await sleep(60_000, undefined, { signal: ctx.signal });
    } catch {
      return ctx.signal.reason instanceof SoftTimeLimitExceededError ? 'cleaned up' : 'other';
    }
    return 'never';
  }
  @Task()
  async hold(): Promise<string> {
    await held;
    return 'done';
  }
  @Task()
  async obedient(ctx: TaskContext): Promise<void> {
    await sleep(60_000, undefined, { signal: ctx.signal });
  }
  @Task()
  async progress(steps: number, ctx: TaskContext): Promise<void> {
    for (let i = 1; i <= steps; i++) await ctx.progress(i, steps, `step ${i}`, { i });
  }
  @Task()
  async say(text: string, ctx: TaskContext): Promise<string> {
    await ctx.progress(1, 1, text);
    return 'said';
  }
  @Task()
  echo(value: unknown): unknown {
    return value;
  }
}

describe('a worker', () => {
  let database: TestDatabase;
  const open: TestApplication[] = [];
  const start = async (options = {}, worker = {}) => {
    const application = await createApplication(database.url, { providers: [WorkTasks] }, options);
    open.push(application);
    await application.startWorker(worker);
    return application;
  };

  beforeAll(async () => {
    database = await createDatabase();
  });
  afterEach(async () => {
    release();
    await Promise.all(open.splice(0).map((application) => application.close()));
    await database.sql.query('TRUNCATE celeriac.task, celeriac.task_done, celeriac.attempt');
  });
  afterAll(() => database.drop());

  it('aborts the signal after the soft time limit; a task that does not catch it fails with that', async () => {
    const { tasks } = await start();
    const slow = await tasks.of(WorkTasks).slow.delay();
    const error = await slow.get({ timeout: '60s' }).catch((e: unknown) => e);
    expect((error as TaskFailedError).error).toMatchObject({
      name: 'SoftTimeLimitExceededError',
      code: 'SOFT_TIME_LIMIT_EXCEEDED',
    });
    const cleans = await tasks.of(WorkTasks).cleansUp.delay();
    expect(await cleans.get({ timeout: '60s' })).toBe('cleaned up');
  });

  it('lets running tasks finish when it stops, and takes no new ones', async () => {
    const { tasks, worker } = await start();
    held = new Promise((resolve) => (release = resolve));
    const running = await tasks.of(WorkTasks).hold.delay();
    await until('it runs', () => worker.active.length === 1);
    const stopped = worker.stop(10_000);
    // a claim that was on its way when it was told to stop may still take something
    await until('no claim is on its way', async () => {
      const { rowCount } = await database.sql.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%SKIP LOCKED%'
           AND pid <> pg_backend_pid()`,
      );
      return rowCount === 0;
    });
    const late = await tasks.of(WorkTasks).echo.delay('late');
    release();
    await stopped;
    expect(await running.get({ timeout: '1s' })).toBe('done');
    expect(await late.state()).toBe('PENDING');
  });

  it('gives back uncharged what does not finish in the grace, for another worker to run', async () => {
    const first = await start();
    const handle = await first.tasks.of(WorkTasks).obedient.delay();
    await until('it runs', () => first.worker.active.length === 1);
    await first.worker.stop(10);
    expect(await handle.record()).toMatchObject({ state: 'PENDING', attempt: 0, retries: 0 });
    const [submitted, ...others] = (await first.tasks.history(handle.id)).map((entry) => entry.kind);
    expect(submitted).toBe('submitted');
    // a claim that was on its way may have taken it once more
    expect(new Set(others)).toEqual(new Set(['released']));
    const second = await start();
    await until('it runs again', () => second.worker.active.length === 1);
    expect(await handle.record()).toMatchObject({ state: 'STARTED', attempt: 1 });
    await handle.revoke({ terminate: true });
  });

  it('gives back uncharged what a claim on its way took while it stopped', async () => {
    const proxy = await FaultProxy.inFrontOf(database.url);
    let [hear, answer] = [() => {}, () => {}];
    const claimed = new Promise<void>((resolve) => (hear = resolve));
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const application = await createApplication(
      proxy.url,
      { providers: [WorkTasks] },
      { lease: '60s' }, // its inventory would find it, too
    );
    try {
      await application.startWorker();
      const handle = await application.tasks.of(WorkTasks).echo.applyAsync(['late'], { countdown: '1h' });
      proxy.afterReply('celeriac.claim', async () => {
        if ((await handle.state()) !== 'STARTED') return 'forward' as const;
        hear();
        await answered;
        return 'forward' as const;
      });
      await database.sql.query('UPDATE celeriac.task SET due_at = NULL, ready_at = now()');
      application.worker.wake();
      await claimed;
      await application.worker.stop(10);
      expect(await handle.record()).toMatchObject({ state: 'PENDING', attempt: 0 });
      expect((await application.tasks.history(handle.id)).map(({ kind }) => kind)).toEqual([
        'submitted',
        'released',
      ]);
    } finally {
      answer();
      await application.close();
      await proxy.close();
    }
  });

  it('does not give back what has ended and is being written down while it stops', async () => {
    const proxy = await FaultProxy.inFrontOf(database.url);
    let [hear, pass] = [() => {}, () => {}];
    const ended = new Promise<void>((resolve) => (hear = resolve));
    const passed = new Promise<void>((resolve) => (pass = resolve));
    const application = await createApplication(proxy.url, { providers: [WorkTasks] }, { lease: '60s' });
    try {
      await application.startWorker();
      proxy.beforeStatement('celeriac.finish', async () => {
        hear();
        await passed;
        return 'forward' as const;
      });
      const handle = await application.tasks.of(WorkTasks).echo.delay('once');
      await ended;
      const since = performance.now();
      const stopped = application.worker.stop(10);
      await until('all grace is over', () => performance.now() - since > 1500);
      pass();
      await stopped;
      expect(await handle.record()).toMatchObject({ state: 'SUCCESS', result: 'once', attempt: 1 });
      expect((await application.tasks.history(handle.id)).map(({ kind }) => kind)).toEqual([
        'submitted',
        'succeeded',
      ]);
    } finally {
      pass();
      await application.close();
      await proxy.close();
    }
  });

  it('gives back a task whose handler ignores its signal, and refuses what it returns later', async () => {
    const { tasks, worker } = await start();
    held = new Promise((resolve) => (release = resolve));
    const handle = await tasks.of(WorkTasks).hold.delay();
    await until('it runs', () => worker.active.length === 1);
    await worker.stop(10);
    expect(await handle.record()).toMatchObject({ state: 'PENDING', attempt: 0 });
  });

  it('records the last progress, however quick the steps', async () => {
    const { tasks } = await start();
    const handle = await tasks.of(WorkTasks).progress.delay(500);
    await handle.get({ timeout: '60s' });
    expect((await handle.record()).progress).toEqual({
      current: 500,
      total: 500,
      percent: 100,
      message: 'step 500',
      detail: { i: 500 },
    });
  });

  it('keeps a result whose progress is cut in the middle of a character', async () => {
    const { tasks } = await start();
    const handle = await tasks.of(WorkTasks).say.delay(`${'x'.repeat(499)}😀`);
    expect(await handle.get({ timeout: '60s' })).toBe('said');
    expect((await handle.record()).progress!.message).toHaveLength(500);
  });

  it('takes nothing when it is told to stop while it starts', async () => {
    const application = await createApplication(database.url, { providers: [WorkTasks] });
    open.push(application);
    const { worker, tasks } = application;
    const started = application.startWorker();
    await worker.stop(10_000);
    await started;
    const handle = await tasks.of(WorkTasks).echo.delay(1);
    const { rows } = await database.sql.query(
      'SELECT FROM celeriac.worker WHERE dead_at IS NULL AND id = $1',
      [worker.id],
    );
    expect(rows).toEqual([]);
    await start();
    expect(await handle.get({ timeout: '60s' })).toBe(1);
  });

  it('revokes a task that was not started in time', async () => {
    const application = await createApplication(database.url, { providers: [WorkTasks] });
    open.push(application);
    const handle = await application.tasks.of(WorkTasks).echo.applyAsync(['late'], { expires: 30 });
    await sleep(40);
    await application.startWorker();
    const error = await handle.get({ timeout: '60s' }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TaskRevokedError);
    expect((error as TaskRevokedError).reason).toBe('expired');
  });

  it('writes off a revoked task that does not react, after the time it is given', async () => {
    const { tasks, worker } = await start({ revokeGrace: 100, lease: '1s' });
    held = new Promise((resolve) => (release = resolve));
    const handle = await tasks.of(WorkTasks).hold.delay();
    await until('it runs', () => worker.active.length === 1);
    expect(await handle.revoke()).toMatchObject({ state: 'STARTED' });
    await expect(handle.get({ timeout: '60s' })).rejects.toBeInstanceOf(TaskRevokedError);
  });

  it('gives back rows that it holds without knowing, from a claim whose answer was lost', async () => {
    const { tasks, worker } = await start({ lease: '1s' }, { queues: ['default'] });
    const handle = await tasks.of(WorkTasks).echo.applyAsync(['found'], { queue: 'elsewhere' });
    await database.sql.query(
      `UPDATE celeriac.task SET state = 'STARTED', fence = 1, attempt = 1, queue = 'default',
         worker_id = (SELECT id FROM celeriac.worker WHERE name = $1 AND dead_at IS NULL) WHERE id = $2`,
      [worker.name, handle.id],
    );
    expect(await handle.get({ timeout: '60s' })).toBe('found');
    expect((await tasks.history(handle.id)).map((entry) => entry.kind)).toEqual([
      'submitted',
      'released',
      'succeeded',
    ]);
  });

  it('leaves a task that it does not have to a worker that has it', async () => {
    const application = await createApplication(database.url, {}, { allowUnknownTasks: true });
    open.push(application);
    await application.startWorker({ queues: ['default'] });
    const handle = await application.tasks.submit('work.echo', ['who?'], { queue: 'default' });
    await until('it was put back', async () =>
      (await application.tasks.history(handle.id)).some((entry) => entry.kind === 'unknown'),
    );
    expect(await handle.record()).toMatchObject({ state: 'PENDING', attempt: 0 });
    await start();
    expect(await handle.get({ timeout: '60s' })).toBe('who?');
  });

  it('begins anew under another identity when it was buried', async () => {
    const { tasks } = await start({ lease: '1s' });
    await database.sql.query('UPDATE celeriac.worker SET dead_at = now() WHERE dead_at IS NULL');
    const handle = await tasks.of(WorkTasks).echo.delay('alive again');
    expect(await handle.get({ timeout: '60s' })).toBe('alive again');
  });
});
