import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConflictException, Injectable } from '@nestjs/common';
import { Task, TaskContext, TaskFailedError, TaskNotFoundError, type TaskHandle } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import type { BrokerServer } from './broker.contract.js';

class Temporary extends Error {}
class Permanent extends Temporary {}

const seen: { name: string; value: unknown }[] = [];
let released = () => {};
let gate: Promise<void> = Promise.resolve();

@Injectable()
class OptionTasks {
  @Task({ timeLimit: 100 })
  async endless(ctx: TaskContext): Promise<void> {
    ctx.signal.addEventListener('abort', () =>
      seen.push({ name: 'aborted', value: (ctx.signal.reason as Error).name }),
    );
    await gate;
  }

  @Task({ softTimeLimit: 30 })
  async soft(ctx: TaskContext): Promise<string> {
    await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
    return (ctx.signal.reason as Error).name;
  }

  @Task({ ignoreResult: true })
  ignored(fails: boolean): string {
    if (fails) throw new TypeError('secret');
    return 'not kept';
  }

  @Task({ ignoreResult: true, storeErrorsEvenIfIgnored: true })
  ignoredButErrors(): void {
    throw new TypeError('kept');
  }

  @Task({ acksLate: false })
  async once(): Promise<void> {
    await gate;
  }

  @Task({ retry: { for: [Temporary], notFor: [Permanent], max: 3, delay: 1 } })
  picky(kind: 'temporary' | 'permanent' | 'other', ctx: TaskContext): void {
    seen.push({ name: 'picky', value: ctx.attempt });
    throw kind === 'temporary' ? new Temporary(kind) : kind === 'permanent' ? new Permanent(kind) : kind;
  }

  @Task({ retry: { max: 1, delay: 1 } })
  asks(ctx: TaskContext): void {
    ctx.retry({ countdown: 1, max: 2, cause: new Error(`cause ${ctx.attempt}`) });
  }

  @Task({ retry: true })
  rejects(ctx: TaskContext): void {
    ctx.reject('bad input');
  }

  @Task()
  conflicts(): void {
    throw new ConflictException('taken');
  }

  @Task({ headers: { tenant: 'task', source: 'task' }, tags: { kind: 'headed' } })
  headed(ctx: TaskContext): unknown {
    return { headers: ctx.headers, tags: ctx.tags, parentId: ctx.parentId, rootId: ctx.rootId };
  }

  @Task()
  quick(value: unknown): unknown {
    return value;
  }
}

/**
 * What every option promises, on every broker.
 * @param broker its URL, or how its server is started
 */
export function describeOptions(
  name: string,
  broker: string | undefined | (() => Promise<BrokerServer>),
): void {
  describe(`${name}: what a task may ask for`, () => {
    let server: BrokerServer | undefined;
    let database: TestDatabase;
    let application: TestApplication;
    const tasks = () => application.tasks.of(OptionTasks);
    const failure = async (handle: TaskHandle) => {
      const error = await handle.get({ timeout: '60s' }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(TaskFailedError);
      return (error as TaskFailedError).error;
    };

    beforeAll(async () => {
      database = await createDatabase();
      server = typeof broker === 'function' ? await broker() : undefined;
      application = await createApplication(
        database.url,
        { providers: [OptionTasks] },
        { broker: typeof broker === 'function' ? server!.url : broker },
      );
      await application.startWorker({ concurrency: 2 });
    });
    afterAll(async () => {
      released();
      await application.close();
      await server?.remove();
      await database.drop();
    });

    it('a task past its hard time limit fails, its signal is aborted and its slot is free', async () => {
      seen.length = 0;
      gate = new Promise((resolve) => (released = resolve));
      const endless = await Promise.all([1, 2, 3].map(() => tasks().endless.delay()));
      for (const handle of endless)
        expect(await failure(handle)).toMatchObject({
          name: 'TimeLimitExceededError',
          code: 'TIME_LIMIT_EXCEEDED',
        });
      expect(seen.filter((entry) => entry.value === 'TimeLimitExceededError')).toHaveLength(3);
      const quick = await tasks().quick.delay('free');
      expect(await quick.get({ timeout: '60s' })).toBe('free');
      released();
      expect(await endless[0]!.state()).toBe('FAILURE');
    });

    it('the soft time limit aborts the signal, and lets the handler clean up', async () => {
      const handle = await tasks().soft.delay();
      expect(await handle.get({ timeout: '60s' })).toBe('SoftTimeLimitExceededError');
    });

    it('a task waits for its eta, and one that is not started in time expires', async () => {
      const eta = new Date(Date.now() + 300);
      const handle = await tasks().quick.applyAsync(['later'], { eta });
      await handle.get({ timeout: '60s' });
      expect(Date.parse((await handle.record()).startedAt!)).toBeGreaterThanOrEqual(eta.getTime());
      const late = await tasks().quick.applyAsync(['late'], { countdown: '1h', expires: '2h' });
      await database.sql.query('UPDATE celeriac.task SET expires_at = now() WHERE id = $1', [late.id]);
      const error = await late.get({ timeout: '60s' }).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'TASK_REVOKED', reason: 'expired' });
    });

    it('a call sets another hard time limit', async () => {
      gate = new Promise((resolve) => (released = resolve));
      const handle = await tasks().once.applyAsync([], { timeLimit: 20 });
      expect((await failure(handle)).message).toContain('time limit of 20 ms');
      released();
    });

    it('a result that is ignored is not kept, nor what its error says unless asked for', async () => {
      const fine = await tasks().ignored.delay(false);
      expect(await fine.get({ timeout: '60s' })).toBeNull();
      expect(await failure(await tasks().ignored.delay(true))).toEqual({
        name: 'TypeError',
        message: 'not kept: the task ignores its results',
      });
      expect(await failure(await tasks().ignoredButErrors.delay())).toMatchObject({ message: 'kept' });
      const asked = await tasks().quick.applyAsync(['x'], { ignoreResult: true });
      expect(await asked.get({ timeout: '60s' })).toBeNull();
    });

    it('a record with a time to live is removed after it, however the task ended', async () => {
      const fine = await tasks().quick.applyAsync(['short'], { resultExpires: 4000 });
      expect(await fine.get({ timeout: '60s' })).toBe('short');
      const revoked = await tasks().quick.applyAsync(['x'], { resultExpires: 1, countdown: '1h' });
      await revoked.revoke();
      for (const handle of [fine, revoked])
        await until('its record is gone', () =>
          handle.record().then(
            () => false,
            (error: unknown) => error instanceof TaskNotFoundError,
          ),
        );
    });

    it('retries are made for the errors that the task names, and no others', async () => {
      const attempts = async (kind: 'temporary' | 'permanent' | 'other') => {
        const handle = await tasks().picky.delay(kind);
        await failure(handle);
        return (await handle.record()).attempt;
      };
      expect(await attempts('temporary')).toBe(4);
      expect(await attempts('permanent')).toBe(1);
      expect(await attempts('other')).toBe(1);
    });

    it('a call overrides the retries', async () => {
      const handle = await tasks().picky.applyAsync(['temporary'], { retry: { max: 1 } });
      await failure(handle);
      expect(await handle.record()).toMatchObject({ attempt: 2, retries: 1, maxRetries: 1 });
      const never = await tasks().picky.applyAsync(['temporary'], { retry: false });
      await failure(never);
      expect((await never.record()).attempt).toBe(1);
    });

    it('retries that a handler asks for are charged, and each leaves its error and stack', async () => {
      const handle = await tasks().asks.delay();
      expect((await failure(handle)).message).toBe('cause 3');
      const history = await application.tasks.history(handle.id);
      expect(history.map((entry) => [entry.kind, entry.attempt, entry.error?.message])).toEqual([
        ['submitted', null, undefined],
        ['retried', 1, 'cause 1'],
        ['retried', 2, 'cause 2'],
        ['failed', 3, 'cause 3'],
      ]);
      expect(history[1]!.error!.stack).toContain('asks');
    });

    it('a rejected task fails at once, whatever retries are left', async () => {
      const handle = await tasks().rejects.delay();
      expect(await failure(handle)).toMatchObject({ name: 'TaskRejectedError', message: 'bad input' });
      expect(await handle.record()).toMatchObject({ attempt: 1, retries: 0 });
    });

    it('an HttpException becomes a readable failure', async () => {
      expect(await failure(await tasks().conflicts.delay())).toMatchObject({
        name: 'ConflictException',
        message: 'taken',
      });
    });

    it('headers and tags of the task and of the call reach the handler', async () => {
      const handle = await tasks().headed.applyAsync([], { headers: { tenant: 'call' }, tags: { n: '1' } });
      expect(await handle.get({ timeout: '60s' })).toEqual({
        headers: { tenant: 'call', source: 'task' },
        tags: { kind: 'headed', n: '1' },
        parentId: null,
        rootId: null,
      });
      expect((await handle.record()).headers).toEqual({ tenant: 'call', source: 'task' });
    });

    it('at most once: a task whose worker dies under it fails instead of running again', async () => {
      gate = new Promise((resolve) => (released = resolve));
      const handle = await tasks().once.delay();
      await until('it runs', async () => (await handle.state()) === 'STARTED');
      await database.sql.query('UPDATE celeriac.worker SET dead_at = now() WHERE dead_at IS NULL');
      expect(await failure(handle)).toMatchObject({
        name: 'WorkerLostError',
        message: expect.stringContaining('at most once'),
      });
      expect((await handle.record()).attempt).toBe(1);
      released();
      await until('the worker has begun anew', async () => {
        const alive = await database.sql.query('SELECT FROM celeriac.worker WHERE dead_at IS NULL');
        return alive.rows.length > 0;
      });
    });

    it('at most once: a task that its stopping worker cannot finish fails too', async () => {
      gate = new Promise((resolve) => (released = resolve));
      const handle = await tasks().once.delay();
      await until('it runs', async () => (await handle.state()) === 'STARTED');
      await application.worker.stop(10);
      expect(await failure(handle)).toMatchObject({ name: 'WorkerLostError' });
      released();
    });
  });
}
