import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { describeTask } from '#dist/tasks/definition/describe-task.js';
import type { LimitOptions } from '#dist/tasks/definition/limits.js';
import { TaskDefaults } from '#dist/tasks/definition/task-defaults.js';
import { roundFrom } from '#dist/tasks/store/gate-store.js';
import { closeStorage, openStorage } from '#dist/tasks/store/open-storage.js';
import type { Storage } from '#dist/tasks/store/storage.js';
import { composeTask } from '#dist/tasks/submission/compose-task.js';
import { resolveTasksOptions } from '#dist/tasks/tasks.options.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const BY_KEY: LimitOptions = { concurrency: 1, key: (key: string) => key };

describe('lines of limits', () => {
  let database: TestDatabase;
  let storage: Storage;

  beforeAll(async () => {
    database = await createDatabase();
    storage = await openStorage(
      new DataSource({ type: 'postgres', url: database.url }),
      resolveTasksOptions({}),
    );
    // the order of the tests' server is that of JavaScript, which is not so on others
    const { rows } = await database.sql.query(`SELECT FROM pg_collation WHERE collname = 'en-x-icu'`);
    if (rows.length > 0)
      await database.sql.query(
        `ALTER TABLE celeriac.task_gate ALTER COLUMN gate TYPE text COLLATE "en-x-icu"`,
      );
  });
  afterEach(() =>
    database.sql.query('TRUNCATE celeriac.task, celeriac.task_gate, celeriac.gate, celeriac.queue'),
  );
  afterAll(async () => {
    await closeStorage(storage);
    await database.drop();
  });

  interface Limits {
    own: LimitOptions | LimitOptions[];
    ofQueue?: LimitOptions[];
    queue?: string;
  }
  /** A task for each key. @returns their ids */
  const submit = async (keys: readonly string[], { own, ofQueue = [], queue = 'default' }: Limits) => {
    const defaults = new TaskDefaults({}, { [queue]: { limit: ofQueue } });
    const described = { run: (_key: string) => undefined };
    const task = describeTask(described, '', 'run', { name: 'some.task', limit: own }, defaults);
    const rows = keys.map((key) => composeTask(task, [key], { queue }));
    await storage.gates.ensure([
      ...new Map(rows.flatMap((row) => row.gates.map((g) => [g.key, g]))).values(),
    ]);
    await storage.inserts.insertAll(rows, false);
    return rows.map(({ id }) => id);
  };
  /** One round, to its end or until tasks were let through. */
  const admit = async (start = '') => {
    for (let place = roundFrom(start); ;) {
      const { batch, next, more } = await storage.gates.admit(place);
      place = next;
      if (batch.tasks.length > 0 || !more) return { ids: batch.tasks.map(({ id }) => id), last: next.start };
    }
  };
  const all = async () => {
    const ids: string[] = [];
    for (let start = ''; ;) {
      const round = await admit(start);
      if (round.ids.length === 0) return ids;
      ids.push(...round.ids);
      start = round.last;
    }
  };
  const many = (n: number, key = 'a') => Array.from({ length: n }, () => key);

  it('have their turns one after the other where there is room for one', async () => {
    await submit(['a', 'a', 'b', 'b', 'c', 'c'], {
      own: [{ concurrency: 1 }, { concurrency: 5, key: (key: string) => key }],
    });
    const turns: string[] = [];
    for (let start = '', i = 0; i < 6; i++) {
      const { ids, last } = await admit(start);
      start = last;
      turns.push(last.at(-1)!);
      expect(await admit(start)).toEqual({ ids: [], last });
      await database.sql.query('DELETE FROM celeriac.task WHERE id = ANY($1::uuid[])', [ids]);
    }
    expect(turns.join('')).toBe('abcabc');
  });

  it('are all looked at, however the database orders them', async () => {
    await submit(['acme', 'Bolt', 'acme', 'Bolt'], { own: BY_KEY });
    for (const start of ['', 'some.task', 'task some.task 0 acme', 'task some.task 0 Bolt']) {
      const { ids } = await admit(start);
      expect(ids).toHaveLength(2);
      await database.sql.query(`UPDATE celeriac.task SET ready_at = NULL WHERE id = ANY($1::uuid[])`, [ids]);
      await database.sql.query(
        `UPDATE celeriac.task_gate SET admitted_at = NULL, since = now() WHERE task_id = ANY($1::uuid[])`,
        [ids],
      );
    }
  });

  it('let others pass what waits in a paused queue', async () => {
    const own = { concurrency: 500 };
    await submit(many(250), { own, queue: 'paused' });
    const others = await submit(many(2), { own, queue: 'open' });
    await database.sql.query(`INSERT INTO celeriac.queue (name, paused_at) VALUES ('paused', now())`);
    expect(await all()).toEqual(others);
    await database.sql.query(`UPDATE celeriac.queue SET paused_at = NULL`);
    expect(await all()).toHaveLength(250);
  });

  it('are those of the keys, also where only the queue’s limit has one', async () => {
    const limits = { own: { concurrency: 50 }, ofQueue: [BY_KEY] };
    const [first] = await submit(many(250), limits);
    const [other] = await submit(['b'], limits);
    expect(new Set(await all())).toEqual(new Set([first, other]));
  });

  it('are gone through to the last, also when they are many, and a round ends', async () => {
    const keys = Array.from({ length: 450 }, (_, i) => `k${String(i).padStart(3, '0')}`);
    await submit(keys, { own: BY_KEY });
    expect(await all()).toHaveLength(450);
    await submit(keys, { own: BY_KEY });
    expect(await all()).toEqual([]);
    await database.sql.query(`DELETE FROM celeriac.task WHERE ready_at IS NOT NULL AND args = '["k449"]'`);
    for (const start of ['', 'task some.task 0 k100']) {
      let place = roundFrom(start);
      let looks = 0;
      let admitted = 0;
      for (let more = true; more && admitted === 0; looks++) {
        const round = await storage.gates.admit(place);
        ({ next: place, more } = round);
        admitted = round.batch.tasks.length;
      }
      expect([admitted, looks]).toEqual([start === '' ? 1 : 0, 3]);
    }
  });

  it('are open where nobody knows their limit any more', async () => {
    const ids = await submit(many(3), { own: { concurrency: 1 } });
    await database.sql.query('TRUNCATE celeriac.gate');
    expect((await all()).sort()).toEqual(ids.sort());
  });

  it('keep a task that is brought back while those of ended tasks are forgotten', async () => {
    const [id] = await submit(many(1), { own: { concurrency: 1 } });
    await database.sql.query('TRUNCATE celeriac.task');
    const operator = await database.sql.connect();
    await operator.query('BEGIN');
    await operator.query('UPDATE celeriac.task_gate SET since = NULL');
    await operator.query(
      `INSERT INTO celeriac.task (id, name, queue, state) VALUES ($1, 'some.task', 'default', 'PENDING')`,
      [id],
    );
    const dropped = storage.gates.dropOld(100);
    await until('it waits for the operator', async () => {
      const { rows } = await database.sql.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%task_gate%'`,
      );
      return rows.length > 0;
    });
    await operator.query('COMMIT');
    operator.release();
    await dropped;
    expect((await database.sql.query('SELECT task_id FROM celeriac.task_gate')).rows).toEqual([
      { task_id: id },
    ]);
    await database.sql.query('TRUNCATE celeriac.task');
    await storage.gates.dropOld(100);
    expect((await database.sql.query('SELECT FROM celeriac.task_gate')).rows).toEqual([]);
  });
});
