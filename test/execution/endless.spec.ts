import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task, TaskFailedError, chain, type TaskRefs } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

let isBroken = false;

class Refusal {
  constructor(readonly reason: string) {}
}

@Injectable()
class OddTasks {
  @Task({ name: 'odd.echo' })
  echo(text: string): string {
    return text;
  }
  @Task({ name: 'odd.guarded', limit: { concurrency: 1 } })
  guarded(text: string): string {
    if (isBroken) throw new Error('broken');
    return text;
  }
  /** Its predicate looks for what most errors do not have. */
  @Task({
    name: 'odd.predicate',
    retry: { for: [(error) => (error as { response: { status: number } }).response.status === 503] },
  })
  predicate(): never {
    throw new Error('no response');
  }
  /** What it throws is no Error. */
  @Task({ name: 'odd.refused', retry: { notFor: [Refusal], max: 5, delay: 1 } })
  refused(): never {
    throw new Refusal('not today');
  }
}

const soon = { timeout: '60s' };

describe('what goes on for long, or is thrown oddly', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let odd: TaskRefs<OddTasks>;

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, { providers: [OddTasks] });
    odd = application.tasks.of(OddTasks);
  });
  afterAll(async () => {
    await application?.close();
    await database?.drop();
  });

  it('gives out anew what a worker held that was buried before anybody was there', async () => {
    const { id } = await odd.echo.applyAsync(['held'], { countdown: '1h' });
    await database.sql.query(
      `WITH w AS (
         INSERT INTO celeriac.worker (id, name, alive_since, lease_until, dead_at)
         VALUES (gen_random_uuid(), 'gone', now() - interval '9 h', now() - interval '8 h', now() - interval '8 h')
         RETURNING id)
       UPDATE celeriac.task SET state = 'STARTED', due_at = NULL, ready_at = now(), fence = 7, attempt = 1, worker_id = (SELECT id FROM w)
       WHERE id = $1`,
      [id],
    );
    await application.startWorker({ concurrency: 1 });
    expect(await application.tasks.handle(id).get(soon)).toBe('held');
    expect((await application.tasks.history(id)).map(({ kind }) => kind)).toContain('lost');
  });

  it('runs a task that was tried more often than can be counted, and its neighbours', async () => {
    const often = await odd.echo.applyAsync(['often'], { countdown: '1h' });
    await database.sql.query(
      `UPDATE celeriac.task SET attempt = 32767, retries = 32767, due_at = now() WHERE id = $1`,
      [often.id],
    );
    const other = await odd.echo.delay('other');
    expect(await Promise.all([often.get(soon), other.get(soon)])).toEqual(['often', 'other']);
  });

  it('lets through what is resumed when its limits were forgotten', async () => {
    isBroken = true;
    const handle = await chain(odd.guarded.s('past'), odd.echo.s()).delay();
    await expect(handle.get(soon)).rejects.toBeInstanceOf(TaskFailedError);
    isBroken = false;
    // as after a day in which nothing waited for them
    await database.sql.query('DELETE FROM celeriac.task_gate');
    await database.sql.query('DELETE FROM celeriac.gate');
    const operator = await createApplication(database.url, { providers: [OddTasks] });
    await operator.tasks.workflows.resume(handle.id);
    expect(await handle.get(soon)).toBe('past');
    await operator.close();
  });

  it('fails a task whose predicate fails itself, and goes on', async () => {
    const handle = await odd.predicate.delay();
    await expect(handle.get(soon)).rejects.toBeInstanceOf(TaskFailedError);
    expect(await handle.record()).toMatchObject({ attempt: 1, error: { message: 'no response' } });
    expect(await (await odd.echo.delay('after')).get(soon)).toBe('after');
  });

  it('knows what was thrown by a class that is no error', async () => {
    const handle = await odd.refused.delay();
    await expect(handle.get(soon)).rejects.toBeInstanceOf(TaskFailedError);
    expect((await handle.record()).attempt).toBe(1);
  });
});

describe('a start while somebody reads the whole history', () => {
  it('does without the partition of a day to come', async () => {
    const database = await createDatabase();
    const first = await createApplication(database.url, { providers: [OddTasks] });
    await first.close();
    const { rows } = await database.sql.query<{ name: string }>(
      `SELECT max(c.relname) AS name FROM pg_class c WHERE c.relispartition AND c.relname ~ '^task_done_[0-9]{8}$'`,
    );
    await database.sql.query(`DROP TABLE celeriac."${rows[0]!.name}"`);
    const reader = await database.sql.connect();
    try {
      await reader.query('BEGIN; LOCK TABLE celeriac.task_done_default IN ACCESS SHARE MODE');
      const second = await createApplication(database.url, { providers: [OddTasks] });
      await second.close();
    } finally {
      await reader.query('ROLLBACK');
      reader.release();
      await database.drop();
    }
  });
});
