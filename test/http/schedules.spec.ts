import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Schedule, Task } from '#dist/tasks/index.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';

interface Shown {
  id: string;
  name: string;
  enabled: boolean;
  nextAt: string | null;
}

@Injectable()
class ReportTasks {
  @Schedule({
    crontab: '0 9 * * MON-FRI',
    timezone: 'Europe/Berlin',
    args: ['daily'],
    description: 'for the morning',
  })
  @Task({ http: true })
  create(kind: string): string {
    return kind;
  }

  @Task()
  hidden(): void {}
}

for (const adapter of ADAPTERS)
  describe(`schedules over HTTP on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;
    beforeAll(async () => {
      database = await createDatabase();
      const keys = [
        { role: 'admin', owner: 'root', key: '0123456789abcdef' },
        { role: 'read', owner: 'ann', key: 'fedcba9876543210' },
      ] as const;
      http = await createHttpApplication(
        adapter,
        database.url,
        { providers: [ReportTasks] },
        { http: { keys } },
      );
      await http.worker.start();
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });
    const client = () => http.client.as('0123456789abcdef');

    it('shows what the code declares, in plain language', async () => {
      const { body } = await client().get<{ items: Shown[] }>('/tasks/schedules?search=report');
      expect(body.items).toMatchObject([
        {
          name: 'report.create',
          task: 'report.create',
          origin: 'code',
          when: 'At 09:00, Monday through Friday (Europe/Berlin)',
          crontab: '0 9 * * MON-FRI',
          dayRule: 'or',
          changes: [],
          description: 'for the morning',
        },
      ]);
      expect(new Date(body.items[0]!.nextAt!).getUTCMinutes()).toBe(0);
    });

    it('makes, changes, pauses, runs and removes a schedule, each noted with who did it', async () => {
      const made = await client().post<Shown>('/tasks/schedules', {
        name: 'weekly',
        task: 'report.create',
        crontab: '0 6 * * MON',
        args: ['weekly'],
        overlap: 'skip',
      });
      expect(made).toMatchObject({
        status: 201,
        body: { origin: 'operator', timezone: 'UTC', overlap: 'skip' },
      });
      const { id } = made.body;
      expect(await client().get(`/tasks/schedules/${id}`)).toMatchObject({ status: 200, body: made.body });
      const changed = await client().patch<Shown>(`/tasks/schedules/${id}`, { every: '2h', overlap: null });
      expect(changed).toMatchObject({ status: 200, body: { crontab: null, every: '2h', overlap: 'allow' } });
      expect(await client().patch(`/tasks/schedules/${id}`, { enabled: false })).toMatchObject({
        body: { enabled: false, nextAt: null },
      });
      const run = await client().post<{ id: string }>(`/tasks/schedules/${id}/run`);
      expect(run).toMatchObject({
        status: 202,
        body: { name: 'report.create', tags: { schedule: 'weekly' } },
      });
      expect((await client().get(`/tasks/${run.body.id}?wait=20s`)).body).toMatchObject({ result: 'weekly' });
      expect(
        (await client().get<{ items: unknown[] }>('/tasks?tag=schedule:weekly')).body.items,
      ).toHaveLength(1);
      expect(await client().delete(`/tasks/schedules/${id}`)).toMatchObject({ status: 200, body: { id } });
      expect(await client().get(`/tasks/schedules/${id}`)).toMatchObject({
        status: 404,
        body: { code: 'SCHEDULE_NOT_FOUND' },
      });
      const { rows } = await database.sql.query(
        `SELECT by, action FROM celeriac.audit WHERE detail->>'name' = 'weekly' ORDER BY id`,
      );
      expect(rows).toEqual(
        ['create', 'update', 'update', 'run', 'delete'].map((action) => ({
          by: 'root',
          action: `schedule.${action}`,
        })),
      );
    });

    it('shows the next five runs before anything is saved', async () => {
      const { body } = await client().post<{ runs: string[] }>('/tasks/schedules/preview', {
        crontab: '30 2 * * *',
        timezone: 'Europe/Berlin',
        startTime: '2030-03-29T12:00:00Z',
      });
      expect(body).toEqual({
        when: 'At 02:30, every day (Europe/Berlin)',
        timezone: 'Europe/Berlin',
        runs: [
          '2030-03-30T01:30:00.000Z',
          '2030-03-31T01:30:00.000Z',
          '2030-04-01T00:30:00.000Z',
          '2030-04-02T00:30:00.000Z',
          '2030-04-03T00:30:00.000Z',
        ],
      });
      expect((await client().get<{ items: unknown[] }>('/tasks/schedules')).body.items).toHaveLength(1);
    });

    it('keeps what an operator changed of a declared one, and neither renames nor removes it', async () => {
      const { items } = (await client().get<{ items: Shown[] }>('/tasks/schedules')).body;
      const path = `/tasks/schedules/${items[0]!.id}`;
      expect(await client().patch(path, { crontab: '0 8 * * *', enabled: false })).toMatchObject({
        body: { changes: ['crontab', 'enabled'], when: 'At 08:00, every day (Europe/Berlin)', nextAt: null },
      });
      expect(await client().patch(path, { crontab: null, enabled: null })).toMatchObject({
        body: { changes: [], crontab: '0 9 * * MON-FRI', enabled: true },
      });
      for (const answer of [await client().delete(path), await client().patch(path, { name: 'other' })])
        expect(answer).toMatchObject({ status: 409, body: { code: 'SCHEDULE_DECLARED' } });
    });

    it('refuses what is wrong, with its place and in words', async () => {
      const valid = { name: 'x', task: 'report.create', every: '1m', args: ['daily'] };
      for (const [change, code, path] of [
        [{ every: undefined }, 'INVALID_OPTION', 'crontab'],
        [{ crontab: '* * * * *' }, 'INVALID_OPTION', 'crontab'],
        [{ every: undefined, crontab: '61 * * * *' }, 'INVALID_OPTION', 'crontab'],
        [{ every: '10ms' }, 'INVALID_OPTION', 'every'],
        [{ every: undefined, at: '2020-01-01T00:00:00Z' }, 'INVALID_OPTION', 'at'],
        [{ every: undefined, at: 'tomorrow' }, 'INVALID_DATE', 'at'],
        [{ timezone: 'Mars/Base' }, 'INVALID_OPTION', 'timezone'],
        [{ priority: 10 }, 'INVALID_PRIORITY', 'priority'],
        [{ queue: 'unheard-of' }, 'UNKNOWN_QUEUE', 'queue'],
        [{ args: [1] }, 'ARG_TYPE', 'args[0]'],
        [{ args: 'x' }, 'ARG_TYPE', 'args'],
        [{ overlap: 'never' }, 'INVALID_OPTION', 'overlap'],
        [{ catchUpLimit: 5 }, 'INVALID_OPTION', 'catchUpLimit'],
        [{ tags: { schedule: 'y' } }, 'INVALID_OPTION', 'tags.schedule'],
        [{ name: '' }, 'INVALID_OPTION', 'name'],
        [{ name: undefined }, 'ARG_REQUIRED', 'name'],
        [{ surprise: 1 }, 'UNKNOWN_PROPERTY', 'body.surprise'],
        [{ description: 'a\0b' }, 'INVALID_OPTION', 'description'],
      ] as const)
        expect({
          change,
          ...(await client().post('/tasks/schedules', { ...valid, ...change })),
        }).toMatchObject({ change, status: 400, body: { code, path } });
      for (const task of ['report.hidden', 'report.nothing'])
        expect(await client().post('/tasks/schedules', { ...valid, task })).toMatchObject({
          status: 404,
          body: { code: 'UNKNOWN_TASK' },
        });
      expect(await client().get('/tasks/schedules/x')).toMatchObject({
        status: 400,
        body: { code: 'INVALID_ID' },
      });
      expect(await client().get('/tasks/schedules?limit=0')).toMatchObject({
        body: { code: 'INVALID_PAGE' },
      });
      expect(await client().get('/tasks/schedules?sort=x')).toMatchObject({
        body: { code: 'INVALID_FILTER' },
      });
      expect(await http.client.as('fedcba9876543210').get('/tasks/schedules')).toMatchObject({ status: 403 });
      const twice = { ...valid, name: 'report.create' };
      expect(await client().post('/tasks/schedules', twice)).toMatchObject({
        status: 409,
        body: { code: 'SCHEDULE_EXISTS' },
      });
    });
  });
