import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { IdempotencyConflictError, Task, TaskNotFoundError } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

@Injectable()
class PayTasks {
  @Task()
  pay(amount: number): number {
    return amount;
  }
}

describe('an idempotency key', () => {
  let database: TestDatabase;
  let application: TestApplication;
  const pay = (amount: number, idempotencyKey: string, owner?: string) =>
    application.tasks.of(PayTasks).pay.applyAsync([amount], { idempotencyKey, owner });

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, { providers: [PayTasks] });
  });
  afterAll(async () => {
    await application.close();
    await database.drop();
  });

  it('gives the same task for the same body, also when many ask at once', async () => {
    const handles = await Promise.all(Array.from({ length: 20 }, () => pay(5, 'one')));
    expect(new Set(handles.map((handle) => handle.id)).size).toBe(1);
    const { rows } = await database.sql.query('SELECT id FROM celeriac.task');
    expect(rows).toHaveLength(1);
    expect(await handles[0]!.record()).toMatchObject({ idempotencyKey: 'one' });
  });

  it('refuses another body', async () => {
    await pay(5, 'two');
    await expect(pay(6, 'two')).rejects.toBeInstanceOf(IdempotencyConflictError);
  });

  it('belongs to its owner', async () => {
    const [ann, bob] = await Promise.all([pay(5, 'three', 'ann'), pay(5, 'three', 'bob')]);
    expect(ann.id).not.toBe(bob.id);
  });

  it('is free again when it has run out', async () => {
    const first = await pay(5, 'four');
    await database.sql.query(`UPDATE celeriac.unique_key SET until = now() - interval '1 s'`);
    expect((await pay(5, 'four')).id).not.toBe(first.id);
  });

  it('stands for a task that has ended also when its record is gone', async () => {
    const accept = () => application.tasks.accept('pay.pay', [8], { idempotencyKey: 'six' });
    const { id } = await accept();
    await application.tasks.revoke(id);
    await application.tasks.forget(id);
    const again = accept();
    await expect(again).rejects.toThrow(TaskNotFoundError);
    await expect(again).rejects.toThrow(`task ${id} was accepted, and its record has been removed since`);
  });

  it('gives the finished task back, not a new one', async () => {
    await application.startWorker();
    const first = await pay(7, 'five');
    await first.get({ timeout: '60s' });
    const second = await pay(7, 'five');
    expect(second.id).toBe(first.id);
    expect(await second.get()).toBe(7);
  });
});
