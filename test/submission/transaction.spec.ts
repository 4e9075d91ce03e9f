import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import {
  InvalidOptionError,
  Task,
  TaskNotFoundError,
  TaskStateError,
  type TaskHandle,
} from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

@Injectable()
class NoteTasks {
  @Task()
  note(value: string): string {
    return value;
  }
}

describe('submitting inside the caller’s transaction', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let dataSource: DataSource;
  const note = () => application.tasks.of(NoteTasks).note;

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, { providers: [NoteTasks] });
    await application.startWorker();
    dataSource = application.app.get<DataSource>(getDataSourceToken());
    await dataSource.query('CREATE TABLE orders (id int PRIMARY KEY)');
  });
  afterAll(async () => {
    await application.close();
    await database.drop();
  });

  it('committed means it runs, and at once', async () => {
    const took: number[] = [];
    for (let i = 0; i < 9; i++) {
      const before = performance.now();
      const handle = await dataSource.transaction(async (manager) => {
        await manager.query('INSERT INTO orders VALUES ($1)', [1000 + i]);
        return note().applyAsync(['committed'], { manager });
      });
      expect(await handle.get({ timeout: '60s' })).toBe('committed');
      took.push(performance.now() - before);
    }
    // by notification: a worker that had to poll would come after 1 s in the middle
    expect(took.sort((a, b) => a - b)[4]).toBeLessThan(500);
  });

  it('rolled back means it never existed', async () => {
    let handle: TaskHandle<string> | undefined;
    await expect(
      dataSource.transaction(async (manager) => {
        await manager.query('INSERT INTO orders VALUES (2)');
        handle = await note().applyAsync(['rolled back'], { manager });
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await expect(handle!.record()).rejects.toBeInstanceOf(TaskNotFoundError);
    expect(await dataSource.query('SELECT * FROM orders WHERE id = 2')).toEqual([]);
  });

  it('nothing runs while a savepoint is released but the transaction is open', async () => {
    const handle = await dataSource.transaction(async (manager) => {
      const inner = await manager.transaction((nested) => note().applyAsync(['nested'], { manager: nested }));
      await expect(inner.record()).rejects.toBeInstanceOf(TaskNotFoundError);
      return inner;
    });
    expect(await handle.get({ timeout: '60s' })).toBe('nested');
  });

  it('waiting for the result inside the transaction is refused instead of hanging', async () => {
    await dataSource.transaction(async (manager) => {
      const handle = await note().applyAsync(['x'], { manager });
      await expect(handle.get()).rejects.toBeInstanceOf(TaskStateError);
    });
  });

  it('many at once join it too', async () => {
    const handles = await dataSource.transaction((manager) =>
      application.tasks.submitMany(
        [
          { name: 'note.note', args: ['a'] },
          { name: 'note.note', args: ['b'] },
        ],
        { manager },
      ),
    );
    expect(await Promise.all(handles.map((handle) => handle.get({ timeout: '60s' })))).toEqual(['a', 'b']);
  });

  it('refuses a manager without a transaction, and one of another DataSource', async () => {
    await expect(note().applyAsync(['x'], { manager: dataSource.manager })).rejects.toThrow(
      /open transaction/,
    );
    const other = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    await other.transaction(async (manager) => {
      await expect(note().applyAsync(['x'], { manager })).rejects.toBeInstanceOf(InvalidOptionError);
    });
    await other.destroy();
  });
});
