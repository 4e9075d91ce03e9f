import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createPrivateDataSource, postgresOptions } from '#dist/tasks/store/private-data-source.js';
import { migrate } from '#dist/tasks/store/migrate.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const INDEXES = [
  'task_done_ended',
  'task_done_owner',
  'task_done_parent',
  'task_done_tags',
  'task_held',
  'task_parent',
];

describe('indexes of tables that are in use', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
    await migrate(database.url, { schema: 'celeriac', check: false });
    await withoutTheLast();
    for (const table of ['task', 'task_done']) await addRow(table);
  });
  afterEach(() => database.drop());

  const withoutTheLast = async () => {
    const application = new DataSource({ type: 'postgres', url: database.url });
    const dataSource = createPrivateDataSource(postgresOptions(application.options), 'celeriac');
    await dataSource.initialize();
    while ((await indexes()).length > 0) await dataSource.undoLastMigration();
    await dataSource.destroy();
  };
  const addRow = (table: string) =>
    database.sql.query(
      `INSERT INTO celeriac.${table} (id, state, name, queue${table === 'task' ? '' : ', finished_at'})
       VALUES (gen_random_uuid(), 'REVOKED', 'a.task', 'default'${table === 'task' ? '' : ', now()'})`,
    );
  const indexes = async () => {
    const { rows } = await database.sql.query<{ name: string; valid: boolean }>(
      `SELECT c.relname AS name, indisvalid AS valid FROM pg_index JOIN pg_class c ON c.oid = indexrelid
       WHERE c.relname = ANY($1) ORDER BY 1`,
      [INDEXES],
    );
    return rows;
  };
  const invalid = async () =>
    (
      await database.sql.query<{ name: string }>(
        'SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid',
      )
    ).rows;
  const all = INDEXES.map((name) => ({ name, valid: true }));

  it('are made while tasks are submitted and end, also by several processes at once', async () => {
    const client = await database.sql.connect();
    await client.query('BEGIN');
    await client.query('SELECT FROM celeriac.task_done');
    await client.query(`UPDATE celeriac.task SET attempt = 1`);
    const migrated = Promise.all(
      [1, 2, 3].map(() => migrate(database.url, { schema: 'celeriac', check: false })),
    );
    await until('one waits for the transaction', async () => {
      const { rows } = await database.sql.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });
    for (const table of ['task', 'task_done']) await addRow(table);
    await client.query('COMMIT');
    client.release();
    await migrated;
    expect(await indexes()).toEqual(all);
    expect(await invalid()).toEqual([]);
  });

  it('are finished by the next start where a process was killed at it', async () => {
    await database.sql.query(
      'CREATE INDEX task_done_owner ON ONLY celeriac.task_done (owner, id) WHERE owner IS NOT NULL',
    );
    await database.sql.query(
      'CREATE INDEX task_parent ON celeriac.task (parent_id, id) WHERE parent_id IS NOT NULL',
    );
    await database.sql.query(
      `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'celeriac.task_parent'::regclass`,
    );
    await migrate(database.url, { schema: 'celeriac', check: false });
    expect(await indexes()).toEqual(all);
    expect(await invalid()).toEqual([]);
  });
});
