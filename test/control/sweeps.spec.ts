import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Retention } from '#dist/tasks/control/retention/retention.js';
import { resolveRetention } from '#dist/tasks/control/retention/retention-options.js';
import { closeStorage, openStorage } from '#dist/tasks/store/open-storage.js';
import type { Storage } from '#dist/tasks/store/storage.js';
import { resolveTasksOptions } from '#dist/tasks/tasks.options.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const DAY = 86_400_000;

describe('a sweep', () => {
  let database: TestDatabase;
  let storage: Storage;
  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await createDatabase();
    storage = await openStorage(
      new DataSource({ type: 'postgres', url: database.url }),
      resolveTasksOptions({}),
    );
  });
  afterAll(async () => {
    await closeStorage(storage);
    await database.drop();
  });

  it('gets past more tasks of one time than it looks at together', async () => {
    await database.sql.query(
      `INSERT INTO celeriac.task_done (id, finished_at, name, queue, state)
       SELECT gen_random_uuid(), '2020-01-01'::timestamptz + (n > 150)::int * interval '1 day', CASE WHEN n > 150 THEN 'over' ELSE 'kept' END, 'default', 'SUCCESS'
       FROM generate_series(1, 200) n`,
    );
    const { rules } = resolveRetention({ success: '1 day', tasks: { kept: false } });
    const times = { keepMs: DAY, lateMs: 0, againMs: DAY };
    let from = '-infinity';
    for (let batch = 0; batch < 3; batch++) {
      const { upto } = await storage.retention.sweepRecords(rules, times, from, 50);
      from = upto ?? from;
    }
    const { rows } = await database.sql.query('SELECT DISTINCT name FROM celeriac.task_done');
    expect(rows).toEqual([{ name: 'kept' }]);
  });

  it('goes on when a step of it fails, and is tried again', async () => {
    const { sql } = database;
    await sql.query(
      `INSERT INTO celeriac.audit (at, action) VALUES (now() - interval '400 days', 'old'), (now(), 'new')`,
    );
    let tries = 0;
    const locked = Object.assign(Object.create(storage.retention) as Storage['retention'], {
      renewPartitions: async () => {
        tries++;
        throw new Error('locked');
      },
    });
    const retention = new Retention({ ...storage, retention: locked }, resolveRetention('90 days'));
    retention.start();
    const actions = async () =>
      (await sql.query<{ action: string }>('SELECT action FROM celeriac.audit')).rows.map(
        (row) => row.action,
      );
    await until('the old entry is gone', async () => (await actions()).join() === 'new', 10_000);
    await until('the sweep is due again', async () => {
      const { rows } = await sql.query(
        `SELECT FROM celeriac.sweep WHERE name = 'house' AND next_at <= now() AND taken_until IS NULL`,
      );
      return rows.length > 0;
    });
    await retention.stop();
    expect(tries).toBe(1);
  });
});
