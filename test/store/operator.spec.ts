import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task, TaskNotFoundError, TaskStateError } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

@Injectable()
class OpTasks {
  @Task()
  ok(value: string): string {
    return value;
  }
  @Task()
  fail(): void {
    throw new Error('no');
  }
}

describe('asking and operating', () => {
  let database: TestDatabase;
  let application: TestApplication;
  const refs = () => application.tasks.of(OpTasks);

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, { providers: [OpTasks] });
    await application.startWorker();
  });
  afterAll(async () => {
    await application.close();
    await database.drop();
  });

  it('lists newest first, by filter and page, without arguments and results', async () => {
    const handles = [];
    for (let i = 0; i < 5; i++)
      handles.push(await refs().ok.applyAsync([`v${i}`], { tags: { batch: 'list' } }));
    await Promise.all(handles.map((handle) => handle.get({ timeout: '60s' })));
    const first = await application.tasks.list({ tags: { batch: 'list' }, state: 'SUCCESS' }, { limit: 3 });
    expect(first.items.map((item) => item.id)).toEqual(
      handles
        .slice(2)
        .toReversed()
        .map((handle) => handle.id),
    );
    expect(first.items[0]).toMatchObject({ args: null, result: null, name: 'op.ok' });
    const second = await application.tasks.list(
      { tags: { batch: 'list' }, state: 'SUCCESS' },
      { limit: 3, cursor: first.nextCursor! },
    );
    expect(second.items).toHaveLength(2);
    expect(second.nextCursor).toBeNull();
    await expect(application.tasks.list({}, { limit: 201 })).rejects.toThrow(
      /limit: expected a whole number from 1 to 200/,
    );
  });

  it('counts by state', async () => {
    const waiting = await refs().ok.applyAsync(['x'], { countdown: '1h' });
    expect(await application.tasks.counts()).toMatchObject({ PENDING: 1, WAITING: 0 });
    await waiting.revoke();
    expect(await application.tasks.counts()).toMatchObject({ PENDING: 0, REVOKED: 1 });
  });

  it('refuses what a state does not allow, with the state', async () => {
    const done = await refs().ok.delay('x');
    await done.get({ timeout: '60s' });
    await expect(done.revoke()).rejects.toThrow(/is SUCCESS: it cannot be revoked/);
    await expect(application.tasks.retry(done.id)).rejects.toBeInstanceOf(TaskStateError);
    const waiting = await refs().ok.applyAsync(['x'], { countdown: '1h' });
    await expect(application.tasks.retry(waiting.id)).rejects.toThrow(/is PENDING: it cannot be retried/);
    await expect(application.tasks.forget(waiting.id)).rejects.toThrow(/is PENDING: it cannot be forgotten/);
    await waiting.revoke();
    const unknown = '01930000-0000-7000-8000-000000000000';
    for (const act of ['revoke', 'retry', 'forget'] as const)
      await expect(application.tasks[act](unknown)).rejects.toBeInstanceOf(TaskNotFoundError);
    expect(() => application.tasks.handle('42')).toThrow(/id: expected a UUID/);
  });

  it('forgets a finished task with all that belongs to it, and keeps who did it', async () => {
    const failed = await refs().fail.delay();
    await failed.get({ timeout: '60s' }).catch(() => undefined);
    await application.tasks.forget(failed.id, { by: 'ann' });
    await expect(failed.record()).rejects.toBeInstanceOf(TaskNotFoundError);
    expect(
      (await database.sql.query('SELECT FROM celeriac.attempt WHERE task_id = $1', [failed.id])).rows,
    ).toHaveLength(0);
    const { rows } = await database.sql.query('SELECT action, by FROM celeriac.audit WHERE task_id = $1', [
      failed.id,
    ]);
    expect(rows).toEqual([{ action: 'forget', by: 'ann' }]);
  });

  it('tells of every change until the end', async () => {
    const handle = await refs().ok.applyAsync(['x'], { countdown: 100 });
    const states: string[] = [];
    for await (const record of handle.events()) states.push(record.state);
    expect(states[0]).toBe('PENDING');
    expect(states.at(-1)).toBe('SUCCESS');
  });

  it('submits all or none of many', async () => {
    const before = await application.tasks.counts();
    await expect(
      application.tasks.submitMany([
        { name: 'op.ok', args: ['a'], options: { countdown: '1h' } },
        { name: 'op.nope' },
      ]),
    ).rejects.toThrow(/no task is called 'op.nope'/);
    expect(await application.tasks.counts()).toEqual(before);
  });
});
