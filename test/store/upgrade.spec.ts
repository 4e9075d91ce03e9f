import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Task } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { fillFirstSchema, makeFirstSchema, type FirstTasks } from './first-schema.js';

const bin = fileURLToPath(new URL('../../dist/tasks/cli/celeriac.js', import.meta.url));

@Injectable()
class UpgradeTasks {
  @Task()
  echo(value: unknown): unknown {
    return typeof value === 'string' && value.startsWith('x') ? value.length : value;
  }
}

describe('a schema of the first version, with tasks in every state', () => {
  const TABLES = ['task', 'task_done', 'payload', 'attempt', 'worker', 'queue', 'edge', 'audit'];
  let database: TestDatabase;
  let first: FirstTasks;
  let before: Record<string, object[]>;
  let application: TestApplication | undefined;

  /** All rows, as they show in JSON. */
  const rows = async (): Promise<Record<string, object[]>> => {
    const all: Record<string, object[]> = {};
    for (const table of TABLES) {
      const { rows: found } = await database.sql.query<{ row: object }>(
        `SELECT to_jsonb(t) AS row FROM celeriac.${table} t ORDER BY to_jsonb(t)->>'id', to_jsonb(t)::text`,
      );
      all[table] = found.map(({ row }) => row);
    }
    return all;
  };

  beforeAll(async () => {
    database = await createDatabase();
    await makeFirstSchema(database.url);
    first = await fillFirstSchema(database.sql);
    before = await rows();
  });
  afterAll(async () => {
    await application?.close();
    await database.drop();
  });

  it('is brought up to date by two processes at once, each migration by one of them', async () => {
    const migrate = async (...args: string[]) => {
      const { stdout } = await promisify(execFile)(process.execPath, [bin, 'migrate', '--json', ...args], {
        env: { PATH: process.env.PATH, DATABASE_URL: database.url },
      }).catch((error: { code: number; stdout: string }) => {
        if (error.code === 1) return error;
        throw error;
      });
      return JSON.parse(stdout) as { pending: number; applied: number };
    };
    const { pending } = await migrate('--check');
    expect(pending).toBeGreaterThanOrEqual(5);
    const done = await Promise.all([migrate(), migrate()]);
    expect(done.map(({ applied }) => applied).toSorted((a, b) => a - b)).toEqual([0, pending]);
    expect(await migrate('--check')).toMatchObject({ pending: 0 });
  });

  it('keeps every row, and every value in it', async () => {
    const after = await rows();
    for (const table of TABLES) {
      expect([table, before[table]!.length > 0]).toEqual([table, true]);
      expect(after[table]).toEqual(before[table]!.map((row) => expect.objectContaining(row)));
    }
  });

  it('shows what has ended with result, error, attempts and tags', async () => {
    application = await createApplication(
      database.url,
      { providers: [UpgradeTasks] },
      { migrations: 'check' },
    );
    const { tasks } = application;
    expect(await tasks.record(first.succeeded)).toMatchObject({ state: 'SUCCESS', result: { sum: 5 } });
    expect(await tasks.record(first.old)).toMatchObject({ state: 'SUCCESS', result: 1 });
    expect(await tasks.record(first.revoked)).toMatchObject({ state: 'REVOKED' });
    expect(await tasks.record(first.failed)).toMatchObject({
      error: { name: 'Error', message: 'as it was' },
    });
    expect(await tasks.history(first.failed)).toContainEqual(expect.objectContaining({ by: 'ann' }));
    expect(await tasks.record(first.ready)).toMatchObject({ owner: 'ann', tags: { user: '42' } });
    const { items } = await tasks.list({ name: 'upgrade.echo' });
    expect(new Set(items.map(({ id }) => id))).toEqual(new Set(Object.values(first)));
  });

  it('runs what was ready, waiting, due or held by a dead worker', async () => {
    const { tasks } = application!;
    await application!.startWorker({ concurrency: 4 });
    const ends = async (id: string) => {
      const { state, result } = await tasks.waitFor(id, 20_000);
      return [state, result];
    };
    expect(await ends(first.ready)).toEqual(['SUCCESS', 'PENDING']);
    expect(await ends(first.large)).toEqual(['SUCCESS', 5000]);
    expect(await ends(first.parent)).toEqual(['SUCCESS', 'PENDING']);
    expect(await ends(first.waiting)).toEqual(['SUCCESS', 'WAITING']);
    expect(await ends(first.retrying)).toEqual(['SUCCESS', 'RETRY']);
    expect(await ends(first.running)).toEqual(['SUCCESS', 'STARTED']);
    expect(await ends(first.revoking)).toEqual(['REVOKED', null]);
    expect((await tasks.record(first.delayed)).state).toBe('PENDING');
  });

  it('lets an operator retry what had failed, and revoke what is delayed', async () => {
    const { tasks } = application!;
    await tasks.retry(first.failed);
    expect(await tasks.waitFor(first.failed, 20_000)).toMatchObject({ state: 'SUCCESS', result: 'FAILURE' });
    expect(await tasks.revoke(first.delayed)).toMatchObject({ state: 'REVOKED' });
  });
});
