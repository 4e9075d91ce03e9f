import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Retention } from '#dist/tasks/control/retention/retention.js';
import { resolveRetention, type RetentionOptions } from '#dist/tasks/control/retention/retention-options.js';
import { resolveTasksOptions } from '#dist/tasks/tasks.options.js';
import { closeStorage, openStorage } from '#dist/tasks/store/open-storage.js';
import { ensurePartitions } from '#dist/tasks/store/partitions.js';
import type { Storage } from '#dist/tasks/store/storage.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const DAY = 86_400_000;

interface OldTask {
  /** Since its submission, and since its end if that is not the same. */
  age: number;
  ended?: number;
  name?: string;
  state?: 'SUCCESS' | 'FAILURE' | 'REVOKED';
  workflow?: string;
  id?: string;
}

describe('retention', () => {
  beforeAll(() => Logger.overrideLogger(false));
  let database: TestDatabase;
  let storage: Storage;
  let running: Retention[] = [];
  beforeAll(async () => {
    database = await createDatabase();
    storage = await open();
  });
  afterEach(async () => {
    await stop();
    const { rows } = await database.sql.query<{ names: string }>(
      `SELECT string_agg('celeriac.' || tablename, ', ') AS names FROM pg_tables
       WHERE schemaname = 'celeriac' AND tablename <> 'migration'`,
    );
    await database.sql.query(`TRUNCATE ${rows[0]!.names}`);
  });
  afterAll(async () => {
    await closeStorage(storage);
    await database.drop();
  });

  const open = () =>
    openStorage(new DataSource({ type: 'postgres', url: database.url }), resolveTasksOptions({}));
  const stop = async () => {
    await Promise.all(running.map((retention) => retention.stop()));
    running = [];
  };
  const start = (options: RetentionOptions | string | false, over: Storage = storage) => {
    const retention = new Retention(over, resolveRetention(options));
    running.push(retention);
    retention.start();
  };
  const ids = async (table = 'task_done', column = 'id') =>
    (await database.sql.query<{ id: string }>(`SELECT DISTINCT ${column} AS id FROM celeriac.${table}`)).rows
      .map((row) => row.id)
      .sort();
  const partitions = async () =>
    (
      await database.sql.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1`,
      )
    ).rows.map((row) => row.name);
  const partitionOf = (age: number, table = 'task_done') =>
    `${table}_${new Date(Date.now() - age).toISOString().slice(0, 10).replaceAll('-', '')}`;
  const newId = (age: number) => uuidv7({ msecs: Date.now() - age });

  /** Finished tasks with something in every table that has rows of tasks. @returns their ids, sorted */
  const add = async (tasks: readonly OldTask[]): Promise<string[]> => {
    const rows = tasks.map((task) => ({ ...task, id: task.id ?? newId(task.age) }));
    const values = [
      rows.map((row) => row.id),
      rows.map((row) => row.age),
      rows.map((row) => row.ended ?? row.age),
      rows.map((row) => row.name ?? 'some.task'),
      rows.map((row) => row.state ?? 'SUCCESS'),
      rows.map((row) => row.workflow ?? null),
    ];
    await database.sql.query(
      `INSERT INTO celeriac.task_done (id, created_at, finished_at, name, queue, state, workflow_id)
       SELECT i, now() - a * interval '1 ms', now() - e * interval '1 ms', n, 'default', s::celeriac.task_state, w
       FROM unnest($1::uuid[], $2::float8[], $3::float8[], $4::text[], $5::text[], $6::uuid[]) u(i, a, e, n, s, w)`,
      values,
    );
    for (const statement of [
      `payload (task_id, kind, data) SELECT i, 0, 'x'`,
      `attempt (task_id, dispatch, attempt, outcome) SELECT i, 1, 1, 'failed'`,
      `task_log (task_id, attempt, line, at, level, message) SELECT i, 1, 1, now(), 'log', 'x'`,
      `error_task (fingerprint, task_id) SELECT 'known', i`,
    ])
      await database.sql.query(`INSERT INTO celeriac.${statement} FROM unnest($1::uuid[]) i`, [values[0]]);
    await database.sql.query(
      `INSERT INTO celeriac.error_group (fingerprint, name, error_name, message, count, first_seen, last_seen, sample_id)
       VALUES ('known', 'some.task', 'Error', 'x', 1, now(), now(), $1) ON CONFLICT DO NOTHING`,
      [rows[0]!.id],
    );
    return rows.map((row) => row.id).sort();
  };
  const live = (id: string, workflow: string) =>
    database.sql.query(
      `INSERT INTO celeriac.task (id, name, queue, state, workflow_id) VALUES ($1, 'some.task', 'default', 'WAITING', $2)`,
      [id, workflow],
    );
  const BELONGINGS = ['payload', 'attempt', 'task_log', 'error_task'] as const;
  const onlyThese = async (expected: readonly string[]) => {
    for (const table of BELONGINGS)
      await until(`${table} holds nothing else`, async () =>
        (await ids(table, 'task_id')).every((id) => expected.includes(id)),
      );
    for (const table of BELONGINGS) expect(await ids(table, 'task_id')).toEqual(expected);
  };

  it('drops a day when all of its records are over, and all that belonged to them', async () => {
    for (const age of [100 * DAY, 80 * DAY])
      await ensurePartitions(storage.dataSource, 'celeriac', Date.now() - age);
    await add(Array.from({ length: 1500 }, () => ({ age: 100 * DAY })));
    const young = await add([{ age: 80 * DAY }]);
    start({ logs: false });
    await until('the day is gone', async () => !(await partitions()).includes(partitionOf(100 * DAY)));
    await onlyThese(young);
    expect(await ids()).toEqual(young);
    await until(
      'its payloads are gone',
      async () => !(await partitions()).includes(partitionOf(100 * DAY, 'payload')),
    );
    expect(await partitions()).toEqual(
      expect.arrayContaining([partitionOf(80 * DAY), partitionOf(80 * DAY, 'payload')]),
    );
  });

  it('keeps, of a day that goes, what ended later and what belongs to a workflow that goes on', async () => {
    await ensurePartitions(storage.dataSource, 'celeriac', Date.now() - 100 * DAY);
    await add(Array.from({ length: 1500 }, () => ({ age: 100 * DAY })));
    const [late] = await add([{ age: 100 * DAY, ended: DAY }]);
    const root = newId(100 * DAY);
    await live(root, root);
    const [part] = await add([{ age: 100 * DAY, workflow: root }]);
    start({ logs: false });
    await until('the day is gone', async () => !(await partitions()).includes(partitionOf(100 * DAY)));
    const kept = [late!, part!].sort();
    expect(await ids()).toEqual(kept);
    expect(await ids('task_done_default')).toEqual(kept);
    await onlyThese(kept);
  });

  it('removes by state and by task within a day, and frees the day when hardly any are left', async () => {
    await ensurePartitions(storage.dataSource, 'celeriac', Date.now() - 10 * DAY);
    await add(Array.from({ length: 2500 }, () => ({ age: 10 * DAY })));
    await add([
      { age: 10 * DAY, name: 'ping', state: 'FAILURE' },
      { age: 3 * DAY, name: 'ping' },
    ]);
    const kept = await add([
      { age: 10 * DAY, state: 'FAILURE' },
      { age: 10 * DAY, name: 'billing.pay' },
      { age: 6 * DAY },
      { age: 0, name: 'ping' },
    ]);
    start({ success: '7 days', failure: '90 days', tasks: { 'billing.*': false, ping: '2 days' } });
    await until('the others are gone', async () => (await ids()).length === kept.length);
    expect(await ids()).toEqual(kept);
    await onlyThese(kept);
    await stop();
    await database.sql.query(`UPDATE celeriac.sweep SET next_at = now() WHERE name = 'house'`);
    start({ success: '7 days', failure: '90 days', tasks: { 'billing.*': false, ping: '2 days' } });
    await until('the day is gone', async () => !(await partitions()).includes(partitionOf(10 * DAY)));
    expect(await ids()).toEqual(kept);
  });

  it('keeps what a workflow that goes on, or can still be retried, is made of', async () => {
    const [root, failed] = [newId(40 * DAY), newId(40 * DAY)];
    await live(root, root);
    const parts = await add([
      { age: 40 * DAY, workflow: root },
      { age: 40 * DAY, workflow: failed },
    ]);
    await add([{ age: 40 * DAY, workflow: failed, state: 'FAILURE', id: failed }, { age: 40 * DAY }]);
    const [, input] = (
      await database.sql.query<{ id: string }>(
        `SELECT id FROM celeriac.task_done WHERE id = ANY($1) ORDER BY workflow_id = $2`,
        [parts, failed],
      )
    ).rows;
    await database.sql.query(`INSERT INTO celeriac.edge (parent_id, child_id, position) VALUES ($1, $2, 0)`, [
      input!.id,
      failed,
    ]);
    start({ success: '20 days', failure: '90 days' });
    const kept = [...parts, failed].sort();
    await until('the other one is gone', async () => (await ids()).length === kept.length);
    expect(await ids()).toEqual(kept);
    // the workflow ends, and the failure is forgotten
    await database.sql.query('DELETE FROM celeriac.task');
    await database.sql.query(`DELETE FROM celeriac.task_done WHERE id = $1`, [failed]);
    await database.sql.query(`UPDATE celeriac.result_expiry SET until = now()`);
    await until('its parts are gone too', async () => (await ids()).length === 0);
    expect(await ids('edge', 'parent_id')).toEqual([]);
  });

  it('is shared by several processes while tasks end: nothing is removed too early or left', async () => {
    const others = [await open(), await open()];
    await add(Array.from({ length: 12_000 }, (_, i) => ({ age: 5 * DAY + i, name: i % 2 ? 'a' : 'b' })));
    for (const over of [storage, ...others]) start({ success: '4 days', tasks: { a: '3 days' } }, over);
    const kept: string[] = [];
    while ((await ids()).length > kept.length) kept.push(...(await add([{ age: 5 * DAY, ended: DAY }])));
    expect(await ids()).toEqual(kept.sort());
    await stop();
    await Promise.all(others.map(closeStorage));
  });

  it('looks at no more rows in a statement than it is told, however many are over', async () => {
    const all = await add(Array.from({ length: 500 }, (_, i) => ({ age: 5 * DAY - i * 1000 })));
    const { rules } = resolveRetention('1 day');
    const times = { keepMs: DAY, lateMs: 0, againMs: DAY };
    let from = '-infinity';
    for (let left = all.length; left > 0; left -= 100) {
      const { looked, upto } = await storage.retention.sweepRecords(rules, times, from, 100);
      expect(looked).toBe(100);
      expect(await ids()).toHaveLength(left - 100);
      from = upto!;
    }
  });

  it('is for one process at a time, and another one takes over what it leaves', async () => {
    expect(await storage.retention.take('days', 60_000)).toBe('-infinity');
    expect(await storage.retention.take('days', 60_000)).toBeUndefined();
    await storage.retention.move('days', '2030-01-01T00:00:00Z', 60_000);
    await database.sql.query(`UPDATE celeriac.sweep SET taken_until = now()`);
    expect(await storage.retention.take('days', 60_000)).toBe('2030-01-01 00:00:00+00');
    await storage.retention.end('days', 60_000);
    expect(await storage.retention.take('days', 60_000)).toBeUndefined();
  });

  it('removes what else would grow for ever, and leaves what is in use', async () => {
    const { sql } = database;
    const at = (days: number) => `now() - interval '${days} days'`;
    await sql.query(
      `INSERT INTO celeriac.audit (at, action) VALUES (${at(400)}, 'old'), (${at(300)}, 'new')`,
    );
    await sql.query(`INSERT INTO celeriac.unique_key (key, task_id, until)
      SELECT sha256(n::text::bytea), gen_random_uuid(), now() - interval '1 s' FROM generate_series(1, 5000) n`);
    await sql.query(
      `INSERT INTO celeriac.unique_key (key, task_id, until) VALUES ('new', gen_random_uuid(), now() + interval '1 h')`,
    );
    for (const [id, days] of [
      ['old', 200],
      ['stripped', 2],
      ['new', 0],
    ] as const)
      await sql.query(`INSERT INTO celeriac.worker (id, name, alive_since, lease_until, dead_at, info, status)
        VALUES (gen_random_uuid(), '${id}', now(), now(), ${at(days)}, '{"a":1}', '{}')`);
    await sql.query(`INSERT INTO celeriac.command (id, until, name, params, workers)
      VALUES (gen_random_uuid(), ${at(1)}, 'old', '{}', '{}'), (gen_random_uuid(), now(), 'new', '{}', '{}')`);
    await sql.query(`INSERT INTO celeriac.task_statistic
      SELECT step, now() - n * interval '1 day', 'x', 'x', 1, 1, 0, 0, 0, 0, '{}', '{}' FROM unnest('{1,10,60,360}'::int2[]) step, unnest('{0,5,50,100}'::int[]) n`);
    await sql.query(`INSERT INTO celeriac.error_group
      SELECT n, n, n, n, NULL, 1, now(), now() - (CASE n WHEN 'old' THEN 100 ELSE 1 END) * interval '1 day', gen_random_uuid() FROM unnest('{old,new}'::text[]) n`);
    await sql.query(`INSERT INTO celeriac.error_task SELECT n, $1 FROM unnest('{old,new}'::text[]) n`, [
      newId(0),
    ]);
    await sql.query(
      `INSERT INTO celeriac.task_log SELECT i, 1, 1, now(), 'log', 'x' FROM unnest($1::uuid[]) i`,
      [[newId(31 * DAY), newId(0)]],
    );
    await sql.query(
      `INSERT INTO celeriac.attempt (task_id, dispatch, attempt, outcome) SELECT i, 1, 1, 'lost' FROM unnest($1::uuid[]) i`,
      [[newId(31 * DAY), newId(0)]],
    );
    start('90 days');
    const all = async (query: string) => (await sql.query<{ x: unknown }>(query)).rows.map((row) => row.x);
    await until(
      'the sweep is over',
      async () =>
        (
          await all(
            `SELECT name AS x FROM celeriac.sweep WHERE name = 'house' AND next_at > now() AND taken_until IS NULL`,
          )
        ).length === 1,
    );
    expect(await all('SELECT action AS x FROM celeriac.audit')).toEqual(['new']);
    expect(await all(`SELECT convert_from(key, 'UTF8') AS x FROM celeriac.unique_key`)).toEqual(['new']);
    expect(await all('SELECT name || info::text AS x FROM celeriac.worker ORDER BY 1')).toEqual([
      'new{"a": 1}',
      'stripped{}',
    ]);
    expect(await all('SELECT name AS x FROM celeriac.command')).toEqual(['new']);
    expect(await all('SELECT step AS x FROM celeriac.task_statistic ORDER BY 1')).toEqual([
      1, 10, 60, 60, 360, 360, 360,
    ]);
    expect(await all('SELECT fingerprint AS x FROM celeriac.error_group')).toEqual(['new']);
    expect(await all('SELECT fingerprint AS x FROM celeriac.error_task')).toEqual(['new']);
    expect(await all('SELECT count(*)::int AS x FROM celeriac.task_log')).toEqual([1]);
    expect(await all('SELECT count(*)::int AS x FROM celeriac.attempt')).toEqual([1]);
  });
});
