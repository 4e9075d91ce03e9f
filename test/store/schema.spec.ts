import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { validate } from 'uuid';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { resolveTasksOptions } from '#dist/tasks/tasks.options.js';
import { closeStorage, openStorage } from '#dist/tasks/store/open-storage.js';
import { ensurePartitions, lowestId } from '#dist/tasks/store/partitions.js';
import { newTaskId } from '#dist/tasks/submission/task-id.js';
import { createApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

@Entity({ name: 'post' })
class Post {
  @PrimaryColumn('int') id!: number;
  @Column('text') title!: string;
}

describe('the schema', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  const application = (options = {}) => new DataSource({ type: 'postgres', url: database.url, ...options });
  const shape = async () => {
    const columns = await database.sql.query(
      `SELECT table_name, column_name, data_type, column_default FROM information_schema.columns
       WHERE table_schema = 'celeriac' ORDER BY 1, 2`,
    );
    const indexes = await database.sql.query(
      `SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'celeriac' ORDER BY 1`,
    );
    return { columns: columns.rows, indexes: indexes.rows };
  };

  it('is made once when many processes start together', async () => {
    const storages = await Promise.all(
      Array.from({ length: 5 }, () => openStorage(application(), resolveTasksOptions({}))),
    );
    const { rows } = await database.sql.query('SELECT name FROM celeriac.migration');
    expect(rows).toContainEqual({ name: 'Initial1763900000000' });
    expect(new Set(rows.map((row) => (row as { name: string }).name)).size).toBe(rows.length);
    await Promise.all(storages.map(closeStorage));
  });

  it('is checked and not touched with migrations: check', async () => {
    await expect(openStorage(application(), resolveTasksOptions({ migrations: 'check' }))).rejects.toThrow(
      /schema 'celeriac' is older than this version of celeriac: start one process with migrations: 'run'/,
    );
    expect(
      (await database.sql.query(`SELECT FROM pg_namespace WHERE nspname = 'celeriac'`)).rows,
    ).toHaveLength(0);
    await closeStorage(await openStorage(application(), resolveTasksOptions({})));
    await closeStorage(await openStorage(application(), resolveTasksOptions({ migrations: 'check' })));
  });

  it('belongs to one application by its name; two share a database', async () => {
    const one = await openStorage(application(), resolveTasksOptions({ schema: 'one' }));
    const two = await openStorage(application(), resolveTasksOptions({ schema: 'two' }));
    await one.store.knowQueues(['only-one']);
    expect(await two.store.knownQueues()).toEqual([]);
    await Promise.all([closeStorage(one), closeStorage(two)]);
  });

  it('is left alone by an application that synchronizes, prefixes and renames its own', async () => {
    const theirs = application({ entities: [Post], synchronize: true, entityPrefix: 'app_' });
    await theirs.initialize();
    const storage = await openStorage(theirs, resolveTasksOptions({}));
    const before = await shape();
    await theirs.synchronize();
    await theirs.getRepository(Post).insert({ id: 1, title: 'theirs' });
    await storage.store.knowQueues(['ours']);
    expect(await storage.reader.counts()).toMatchObject({ PENDING: 0 });
    expect(await shape()).toEqual(before);
    expect((await database.sql.query('SELECT * FROM app_post')).rows).toEqual([{ id: 1, title: 'theirs' }]);
    await closeStorage(storage);
    await theirs.destroy();
  });

  it('has partitions for today and the coming week, and makes those that are missing', async () => {
    const storage = await openStorage(application(), resolveTasksOptions({}));
    const partitions = async () =>
      (
        await database.sql.query<{ n: string }>(
          `SELECT relname AS n FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1`,
        )
      ).rows.map((row) => row.n);
    const day = (offset: number) =>
      new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
    expect(await partitions()).toEqual(
      expect.arrayContaining([`task_done_${day(0)}`, `task_done_${day(7)}`, `payload_${day(0)}`]),
    );
    await ensurePartitions(storage.dataSource, 'celeriac', Date.now() + 3 * 86_400_000);
    expect(await partitions()).toContain(`task_done_${day(10)}`);
    await closeStorage(storage);
  });

  it('leaves a day to another process that is just making it', async () => {
    const storage = await openStorage(application(), resolveTasksOptions({}));
    const start = Math.floor(Date.now() / 86_400_000 + 8) * 86_400_000;
    const name = `celeriac.task_done_${new Date(start).toISOString().slice(0, 10).replaceAll('-', '')}`;
    const other = await database.sql.connect();
    await other.query('BEGIN');
    await other.query(`CREATE TABLE ${name} (LIKE celeriac.task_done)`);
    const made = ensurePartitions(storage.dataSource, 'celeriac', start);
    await until('it waits for the other one', async () => {
      const { rows } = await database.sql.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE TABLE%'`,
      );
      return rows.length > 0;
    });
    await other.query(
      `ALTER TABLE celeriac.task_done ATTACH PARTITION ${name} FOR VALUES FROM ('${lowestId(start)}') TO ('${lowestId(start + 86_400_000)}')`,
    );
    await other.query('COMMIT');
    other.release();
    await made;
    await closeStorage(storage);
  });

  it('puts a finished task into its day', async () => {
    const app = await createApplication(database.url, {}, { allowUnknownTasks: true });
    const handle = await app.tasks.submit('some.task', [1]);
    await handle.revoke();
    const { rows } = await database.sql.query<{ t: string }>(
      'SELECT tableoid::regclass::text AS t FROM celeriac.task_done',
    );
    expect(rows[0]!.t).toBe(
      `celeriac.task_done_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`,
    );
    await app.close();
  });

  it('is asked at the master where there are replicas, which may be behind', async () => {
    const replica = { url: 'postgres://127.0.0.1:1/behind' };
    const replication = { master: { url: database.url }, slaves: [replica] };
    const storage = await openStorage(
      new DataSource({ type: 'postgres', replication }),
      resolveTasksOptions({}),
    );
    await storage.store.knowQueues(['ours']);
    expect(await storage.reader.find('01930000-0000-7000-8000-000000000000')).toBeUndefined();
    await closeStorage(storage);
  });

  it('forgets ended jobs of others in batches, and says whether there may be more', async () => {
    const storage = await openStorage(application(), resolveTasksOptions({}));
    await database.sql.query(
      `INSERT INTO celeriac.audited_job (queue, job_id, task_id, until)
       SELECT 'emails', n, gen_random_uuid(), CASE WHEN n < 4 THEN now() - interval '1 s' END FROM generate_series(1, 4) n`,
    );
    expect(await storage.jobs.dropOld(2)).toBe(true);
    expect(await storage.jobs.dropOld(2)).toBe(false);
    expect((await database.sql.query('SELECT job_id FROM celeriac.audited_job')).rows).toEqual([
      { job_id: '4' },
    ]);
    await closeStorage(storage);
  });

  it('refuses a name that is not safe', () => {
    for (const schema of ['Robert"; DROP', 'pg_x', '', 'x'.repeat(60)])
      expect(() => resolveTasksOptions({ schema })).toThrow(/schema: expected a Postgres schema name/);
  });
});

describe('ids', () => {
  it('grow, are UUIDv7 and fall into their day', () => {
    const ids = Array.from({ length: 20_000 }, newTaskId);
    expect(ids.every((id) => validate(id) && id[14] === '7')).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    const today = Math.floor(Date.now() / 86_400_000) * 86_400_000;
    expect(ids[0]! >= lowestId(today)).toBe(true);
    expect(ids.at(-1)! < lowestId(today + 2 * 86_400_000)).toBe(true);
    expect(lowestId(-1)).toBe('00000000-0000-0000-0000-000000000000');
    expect(lowestId(8.64e15)).toBe('ffffffff-ffff-0000-0000-000000000000');
  });
});
