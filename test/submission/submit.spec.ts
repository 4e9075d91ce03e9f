import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  Task,
  TaskFailedError,
  TaskNotFoundError,
  ResultTimeoutError,
  TaskContext,
} from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

@Injectable()
class MathTasks {
  @Task()
  add(x: number, y: number): number {
    return x + y;
  }

  @Task()
  fail(message: string): void {
    throw new RangeError(message);
  }

  @Task()
  big(length: number): string {
    return 'x'.repeat(length);
  }

  @Task({ retry: { max: 2, delay: 0 } })
  flaky(failures: number, ctx: TaskContext): number {
    if (ctx.attempt <= failures) throw new Error(`attempt ${ctx.attempt}`);
    return ctx.attempt;
  }
}

describe('submitting', () => {
  let database: TestDatabase;
  let application: TestApplication;

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, { providers: [MathTasks] });
    await application.startWorker();
  });
  afterAll(async () => {
    await application.close();
    await database.drop();
  });

  it('gives the typed result back', async () => {
    const handle = await application.tasks.of(MathTasks).add.delay(2, 3);
    const sum: number = await handle.get({ timeout: '60s' });
    expect(sum).toBe(5);
  });

  it('records every step of a task that went well', async () => {
    const handle = await application.tasks
      .of(MathTasks)
      .add.applyAsync([20, 22], { tags: { user: '42' }, owner: 'ann', meta: { a: 1 } });
    await handle.get({ timeout: '60s' });
    expect(await handle.record()).toMatchObject({
      id: handle.id,
      name: 'math.add',
      queue: 'default',
      state: 'SUCCESS',
      args: [20, 22],
      result: 42,
      error: null,
      attempt: 1,
      retries: 0,
      tags: { user: '42' },
      owner: 'ann',
      meta: { a: 1 },
      worker: application.worker.name,
    });
  });

  it('throws the handler’s error, as it was recorded, to who waits', async () => {
    const handle = await application.tasks.of(MathTasks).fail.delay('no such thing');
    const error = await handle.get({ timeout: '60s' }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TaskFailedError);
    expect((error as TaskFailedError).error).toMatchObject({ name: 'RangeError', message: 'no such thing' });
  });

  it('tries again as often as the task allows, and says so in the history', async () => {
    const handle = await application.tasks.of(MathTasks).flaky.delay(2);
    expect(await handle.get({ timeout: '60s' })).toBe(3);
    expect(await handle.record()).toMatchObject({ attempt: 3, retries: 2, maxRetries: 2 });
    const kinds = (await application.tasks.history(handle.id)).map((entry) => entry.kind);
    expect(kinds).toEqual(['submitted', 'retried', 'retried', 'succeeded']);

    const hopeless = await application.tasks.of(MathTasks).flaky.delay(9);
    await expect(hopeless.get({ timeout: '60s' })).rejects.toThrow('attempt 3');
  });

  it('carries arguments and results of any size unchanged', async () => {
    const handle = await application.tasks.of(MathTasks).big.delay(300_000);
    expect(await handle.get({ timeout: '60s' })).toHaveLength(300_000);
    const args = ['é€😀"\\'.repeat(2000)];
    const { id } = await application.tasks.submit('math.add', args);
    expect((await application.tasks.record(id)).args).toEqual(args);
  });

  it('gives each of 2,000 tasks submitted at once its own result', async () => {
    const add = application.tasks.of(MathTasks).add;
    const handles = await Promise.all(Array.from({ length: 2000 }, (_, i) => add.delay(i, 1)));
    const results = await Promise.all(handles.map((handle) => handle.get({ timeout: '60s' })));
    expect(results).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
  });

  it('gives up waiting without giving up the task', async () => {
    const handle = await application.tasks.of(MathTasks).add.applyAsync([1, 1], { countdown: '1h' });
    const waiting = handle.get({ timeout: 30 });
    await expect(waiting).rejects.toBeInstanceOf(ResultTimeoutError);
    await expect(waiting).rejects.toThrow(/still PENDING after 30 ms \(it is due at .*Z\); it goes on/);
    expect(await handle.state()).toBe('PENDING');
  });

  it('waits for longer than a timer can', async () => {
    const handle = await application.tasks.of(MathTasks).add.applyAsync([1, 1], { countdown: '200ms' });
    expect(await handle.get({ timeout: '30 days' })).toBe(2);
  });

  it('says what an unattended queue waits for', async () => {
    const options = { schema: 'unattended', allowUnknownTasks: true };
    const producer = await createApplication(database.url, {}, options);
    const handle = await producer.tasks.submit('some.task', [], { queue: 'images' });
    await expect(handle.get({ timeout: 30 })).rejects.toThrow(
      /PENDING .*no worker has taken it from the queue 'images': celeriac status/,
    );
    await producer.close();
  });

  it('says that an unknown id is unknown', async () => {
    const id = '01930000-0000-7000-8000-000000000000';
    await expect(application.tasks.record(id)).rejects.toBeInstanceOf(TaskNotFoundError);
    await expect(application.tasks.handle(id).get({ timeout: 1000 })).rejects.toBeInstanceOf(
      TaskNotFoundError,
    );
  });
});
