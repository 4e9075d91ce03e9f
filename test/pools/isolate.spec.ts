import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  InvalidOptionError,
  Task,
  TaskFailedError,
  group,
  type TaskHandle,
  type TaskService,
} from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { isAlive } from '../support/node-process.js';
import { PoolWorkers, type PoolWorker } from '../support/pool-worker.js';
import { until } from '../support/until.js';

/** By name: their code is in the worker. */
class ProcessTasks {
  @Task({ name: 'isolated.process' })
  run(what: string): unknown {
    return what;
  }
}
class ThreadTasks {
  @Task({ name: 'isolated.thread' })
  run(what: string): unknown {
    return what;
  }
}

describe('an isolated task', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let workers: PoolWorkers;
  let worker: PoolWorker;
  let tasks: TaskService;
  const get = (handle: TaskHandle) => handle.get({ timeout: '60s' });
  const failure = (handle: TaskHandle) =>
    get(handle).then(
      () => undefined,
      (error: unknown) => (error as TaskFailedError).error,
    );

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, {}, { allowUnknownTasks: true });
    tasks = application.tasks;
    workers = await PoolWorkers.create(database.url, database.sql);
    worker = await workers.start(['-c', '4', '--isolates', '1', '-X', 'own']);
  });
  afterAll(async () => {
    await workers.remove();
    await application.close();
    await database.drop();
  });

  for (const kind of ['process', 'thread'] as const) {
    const run = (what: string, options = {}) => tasks.submit(`isolated.${kind}`, [what], options);

    it(`is never begun in a ${kind} that started while it was revoked`, async () => {
      const handle = await run('progress');
      await until('it waits there', async () => (await handle.state()) === 'STARTED');
      await handle.revoke();
      await expect(get(handle)).rejects.toMatchObject({ code: 'TASK_REVOKED' });
      expect((await handle.record()).progress).toBeNull();
    });

    it(`runs in a ${kind} that is kept for the next one`, async () => {
      const first = (await get(await run('where'))) as { pid: number; isMainThread: boolean };
      expect(first.isMainThread).toBe(kind === 'process');
      expect(first.pid === worker.pid).toBe(kind === 'thread');
      expect(await get(await run('where'))).toEqual(first);
    });

    it(`has its progress, its context, and every way to end in a ${kind}`, async () => {
      const handle = await run('progress');
      expect(await get(handle)).toBe(true);
      expect(await handle.record()).toMatchObject({ progress: { percent: 50, message: 'half' } });
      expect(await get(await run('retry'))).toBe(2);
      expect(await get(await run('retries'))).toBe(2);
      expect(await get(await run('snooze'))).toBe(2);
      expect(await failure(await run('reject'))).toMatchObject({ name: 'TaskRejectedError', message: 'no' });
      const thrown = await failure(await run('unknown'));
      expect(thrown).toMatchObject({ name: 'TypeError', message: 'what is unknown?' });
      expect(thrown?.stack).toContain('everything');
    });

    it(`hears that it was revoked in a ${kind}, and leaves that for the next one`, async () => {
      const { pid } = (await get(await run('where'))) as { pid: number };
      const handle = await run('abort');
      await until('it runs', async () => (await handle.state()) === 'STARTED');
      await handle.revoke();
      await expect(get(handle)).rejects.toMatchObject({ code: 'TASK_REVOKED' });
      expect(await get(await run('where'))).toMatchObject({ pid });
    });

    it(`is ended at its hard limit within a second in a ${kind}, and the worker goes on`, async () => {
      let took = Number.POSITIVE_INFINITY;
      // again where the machine itself stood still
      for (let i = 0; i < 3 && took >= 1300; i++) {
        await get(await run('where'));
        const handle = await run('endless', { timeLimit: '300ms' });
        expect(await failure(handle)).toMatchObject({ name: 'TimeLimitExceededError' });
        const { startedAt, finishedAt } = await handle.record();
        took = Date.parse(finishedAt!) - Date.parse(startedAt!);
      }
      // the limit, and a second
      expect(took).toBeLessThan(1300);
      expect(await get(await tasks.submit('pool.pid', []))).toBe(worker.pid);
    });

    it(`is charged with a crash when its ${kind} dies, and fails after too many`, async () => {
      const handle = await run('exit');
      expect(await failure(handle)).toMatchObject({
        name: 'WorkerLostError',
        message: `what ran it died 2 times; the last time its ${kind} ended with exit code 7`,
      });
      expect((await tasks.history(handle.id)).map((entry) => entry.kind)).toContain('lost');
      expect(await get(await run('where'))).toMatchObject({ isMainThread: kind === 'process' });
    });
  }

  for (const kind of ['process', 'thread'] as const)
    it(`adds to its group, and puts another task in its place, from a ${kind}`, async () => {
      const { run } = tasks.of({ process: ProcessTasks, thread: ThreadTasks }[kind]);
      const grown = await group([run.s('grow')]).delay();
      expect(await grown.get({ timeout: '60s' })).toEqual(['grown', worker.pid, 'slept']);
      expect(await get(await tasks.submit(`isolated.${kind}`, ['replace']))).toBe('slept');
    });

  it('runs beside the child of a prefork worker, which outlives it at its limit', async () => {
    const args = ['-P', 'prefork', '-c', '1', '--isolates', '1', '-Q', 'own'];
    const prefork = await workers.start(args);
    const [child] = await prefork.takers();
    const run = (what: string, kind: string, options = {}) =>
      tasks.submit(`isolated.${kind}`, [what], { queue: 'own', ...options });
    expect(await get(await run('where', 'thread'))).toEqual({ pid: child, isMainThread: false });
    const { pid } = (await get(await run('where', 'process'))) as { pid: number };
    expect([child, prefork.pid]).not.toContain(pid);
    expect(await failure(await run('endless', 'process', { timeLimit: '300ms' }))).toMatchObject({
      name: 'TimeLimitExceededError',
    });
    expect(await get(await tasks.submit('pool.pid', [], { queue: 'own' }))).toBe(child);
    await until('its process has ended', () => !isAlive(pid));
    const again = (await get(await run('where', 'process'))) as { pid: number };
    expect(await prefork.terminate()).toMatchObject({ code: 0 });
    await until('the next one has ended, too', () => !isAlive(again.pid));
  });

  it('is given back uncharged when its worker stops, and what ran it has ended', async () => {
    const other = await workers.start(['-Q', 'own', '--shutdown-grace', '200ms']);
    const handle = await tasks.submit('isolated.process', ['endless'], { queue: 'own' });
    await until('it runs', async () => (await handle.state()) === 'STARTED');
    const children = await until('its process is there', () => {
      const found = other.children();
      return found.length > 0 ? found : undefined;
    });
    expect(await other.terminate()).toMatchObject({ code: 0 });
    expect(await handle.record()).toMatchObject({ state: 'PENDING', attempt: 0 });
    await until('its process has ended', () => children.every((pid) => !isAlive(pid)));
    await handle.revoke();
  });

  it('is refused at the start of a worker that does not know which file to load', async () => {
    @Injectable()
    class LonelyTasks {
      @Task({ isolate: 'thread' })
      alone(): void {}
    }
    const inline = await createApplication(database.url, { providers: [LonelyTasks] });
    await expect(inline.startWorker()).rejects.toThrow(InvalidOptionError);
    await inline.close();
  });
});
