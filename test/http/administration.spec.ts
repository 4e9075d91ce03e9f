import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task } from '#dist/tasks/index.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { until } from '../support/until.js';
import { InputTasks } from './bad-requests.js';

interface Queue {
  name: string;
  pausedAt: string | null;
  depth: number;
  running: number;
  workers: string[];
}

let release = () => {};

@Injectable()
class HoldTasks {
  @Task({ http: true })
  async hold(): Promise<void> {
    await new Promise<void>((resolve) => (release = resolve));
  }
}

for (const adapter of ADAPTERS)
  describe(`administration on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;

    beforeAll(async () => {
      database = await createDatabase();
    });
    afterAll(() => database.drop());
    beforeEach(async () => {
      http = await createHttpApplication(
        adapter,
        database.url,
        { providers: [InputTasks, HoldTasks] },
        { http: { keys: [{ role: 'admin', owner: 'root', key: '0123456789abcdef' }] } },
      );
    });
    afterEach(async () => {
      await http.close();
      await database.sql.query('TRUNCATE celeriac.task, celeriac.task_done, celeriac.audit');
    });

    const client = () => http.client.as('0123456789abcdef');
    const submit = async (value: unknown, options = {}) =>
      (await client().post<{ id: string }>('/tasks/input.any', { args: [value], options })).body.id;
    const queue = async (name: string) => {
      const { body } = await client().get<{ items: Queue[] }>('/tasks/queues');
      return body.items.find((item) => item.name === name);
    };

    it('lists workers as long as they live, and for a while after', async () => {
      await http.worker.start({ queues: ['default'], concurrency: 7 });
      const list = async () =>
        (await client().get<{ items: { id: string; alive: boolean }[] }>('/tasks/workers')).body.items[0];
      expect(await list()).toMatchObject({
        alive: true,
        running: 0,
        concurrency: 7,
        queues: ['default'],
        pid: process.pid,
        host: expect.any(String),
        aliveSince: expect.stringMatching(/Z$/),
      });
      await http.worker.stop(0);
      expect(
        (await client().get<{ items: { alive: boolean }[] }>('/tasks/workers')).body.items[0],
      ).toMatchObject({
        alive: false,
      });
    });

    it('lists queues with what waits in them', async () => {
      await submit(1);
      await submit(2);
      await submit(3, { countdown: '1h' });
      expect(await queue('default')).toMatchObject({
        depth: 2,
        running: 0,
        pausedAt: null,
        oldestMs: expect.any(Number),
      });
    });

    it('pauses a queue, so that nothing is taken from it, and resumes it', async () => {
      await http.worker.start();
      const paused = await client().post<Queue>('/tasks/queues/default/pause');
      expect(paused).toMatchObject({
        status: 200,
        body: { name: 'default', pausedAt: expect.stringMatching(/Z$/) },
      });
      const id = await submit(1);
      // a second pause keeps the time of the first
      expect((await client().post<Queue>('/tasks/queues/default/pause')).body.pausedAt).toBe(
        paused.body.pausedAt,
      );
      expect((await client().get(`/tasks/${id}?wait=500`)).body).toMatchObject({ state: 'PENDING' });
      expect(await client().post('/tasks/queues/default/resume')).toMatchObject({
        status: 200,
        body: { pausedAt: null },
      });
      expect((await client().get(`/tasks/${id}?wait=20s`)).body).toMatchObject({ state: 'SUCCESS' });
    });

    it('purges what is ready in a queue: revoked, counted, noted with who did it', async () => {
      await client().post('/tasks/bulk', {
        tasks: Array.from({ length: 1000 }, (_, i) => ({
          name: 'input.any',
          args: [i],
          options: { priority: i % 10 },
        })),
      });
      await client().post('/tasks/bulk', {
        tasks: Array.from({ length: 500 }, () => ({ name: 'input.any', args: [0] })),
      });
      const [first, delayed] = [await submit('x'), await submit('y', { countdown: '1h' })];
      const waited = client().get(`/tasks/${first}?wait=20s`);
      await until('it is waited for', () => http.tasks.watched === 1);
      expect(await client().post('/tasks/queues/default/purge')).toMatchObject({
        status: 200,
        body: { purged: 1501 },
      });
      // who waits is told
      expect((await waited).body).toMatchObject({ state: 'REVOKED', revokedReason: 'purged' });
      expect((await client().get(`/tasks/${delayed}`)).body).toMatchObject({ state: 'PENDING' });
      expect(await queue('default')).toMatchObject({ depth: 0 });
      const { rows } = await database.sql.query('SELECT by, action, detail FROM celeriac.audit');
      expect(rows).toEqual([{ by: 'root', action: 'purge', detail: { queue: 'default', purged: 1501 } }]);
      expect(await client().post('/tasks/queues/default/purge')).toMatchObject({ body: { purged: 0 } });
    });

    it('purges nothing that a worker has', async () => {
      await http.worker.start({ concurrency: 1 });
      const ids = await Promise.all(Array.from({ length: 200 }, (_, i) => submit(i)));
      const { purged } = (await client().post<{ purged: number }>('/tasks/queues/default/purge')).body;
      const states = await Promise.all(
        ids.map(async (id) => (await client().get<{ state: string }>(`/tasks/${id}?wait=20s`)).body.state),
      );
      expect(states.filter((state) => state === 'REVOKED')).toHaveLength(purged);
      expect(states.filter((state) => state === 'SUCCESS')).toHaveLength(200 - purged);
    });

    it('makes a failed or revoked task live again, and forgets one that has ended', async () => {
      const id = await submit(1, { countdown: '1h' });
      for (const [method, path] of [
        ['post', 'retry'],
        ['delete', ''],
      ] as const)
        expect(await client()[method](`/tasks/${id}/${path}`.replace(/\/$/, ''))).toMatchObject({
          status: 409,
          body: { code: 'TASK_STATE_CONFLICT', message: expect.stringMatching(/PENDING/) },
        });
      await client().post(`/tasks/${id}/revoke`);
      expect(await client().post(`/tasks/${id}/retry`)).toMatchObject({
        status: 200,
        body: { state: 'PENDING' },
      });
      await http.worker.start();
      expect((await client().get(`/tasks/${id}?wait=20s`)).body).toMatchObject({
        state: 'SUCCESS',
        result: 1,
      });
      expect(await client().post(`/tasks/${id}/retry`)).toMatchObject({
        status: 409,
        body: { message: expect.stringMatching(/SUCCESS/) },
      });
      const { items } = (
        await client().get<{ items: { kind: string; by: string | null }[] }>(`/tasks/${id}/history`)
      ).body;
      expect(items.map(({ kind, by }) => [kind, by])).toEqual([
        ['submitted', null],
        ['revoke', 'root'],
        ['retry', 'root'],
        ['succeeded', null],
      ]);
      expect(await client().delete(`/tasks/${id}`)).toMatchObject({
        status: 200,
        body: { id, state: 'SUCCESS' },
      });
      for (const answer of [await client().delete(`/tasks/${id}`), await client().get(`/tasks/${id}`)])
        expect(answer).toMatchObject({ status: 404, body: { code: 'TASK_NOT_FOUND' } });
    });

    it('refuses to retry or forget a task that runs, with its state', async () => {
      await http.worker.start();
      const id = (await client().post<{ id: string }>('/tasks/hold.hold', { args: [] })).body.id;
      await until('it runs', async () => (await client().get(`/tasks/${id}`)).body.state === 'STARTED');
      for (const answer of [await client().post(`/tasks/${id}/retry`), await client().delete(`/tasks/${id}`)])
        expect(answer).toMatchObject({
          status: 409,
          body: { code: 'TASK_STATE_CONFLICT', message: expect.stringMatching(/STARTED/) },
        });
      release();
      expect((await client().get(`/tasks/${id}?wait=20s`)).body).toMatchObject({ state: 'SUCCESS' });
    });

    it('refuses unknown and impossible queues, and bodies that are no JSON', async () => {
      for (const action of ['pause', 'resume', 'purge']) {
        expect(await client().post(`/tasks/queues/nowhere/${action}`)).toMatchObject({
          status: 404,
          body: { code: 'UNKNOWN_QUEUE' },
        });
        expect(await client().post(`/tasks/queues/${encodeURIComponent("a'; --")}/${action}`)).toMatchObject({
          status: 400,
          body: { code: 'INVALID_QUEUE', path: 'queue' },
        });
        expect(
          await client().post(`/tasks/queues/default/${action}`, 'x', { 'content-type': 'text/plain' }),
        ).toMatchObject({ status: 415 });
      }
    });
  });
