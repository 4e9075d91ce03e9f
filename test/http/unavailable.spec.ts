import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import type { HttpAnswer } from '../support/http-client.js';
import { until } from '../support/until.js';
import { InputTasks } from './bad-requests.js';

for (const adapter of ADAPTERS)
  describe(`while nothing can be accepted on ${adapter}`, () => {
    let database: TestDatabase;
    let proxy: FaultProxy;
    let http: HttpApplication;
    let id: string;

    beforeAll(async () => {
      database = await createDatabase();
      proxy = await FaultProxy.inFrontOf(database.url);
      http = await createHttpApplication(
        adapter,
        proxy.url,
        { providers: [InputTasks] },
        { tasks: { queueLimits: { default: 1000 } } },
      );
      id = (await submit()).body.id as string;
    });
    afterAll(async () => {
      await http.close();
      await proxy.close();
      await database.drop();
    });

    const submit = (headers = {}) => http.client.post('/tasks/input.add', { args: [1, 2] }, headers);
    const bulk = () => http.client.post('/tasks/bulk', { tasks: [{ name: 'input.add', args: [1, 2] }] });
    const stored = async () => (await database.sql.query('SELECT FROM celeriac.task')).rows.length;
    const expectRefusal = ({ status, headers, body }: HttpAnswer, code: string) => {
      expect([status, body.code]).toEqual([503, code]);
      expect(body).toEqual({
        statusCode: 503,
        code,
        message: expect.any(String),
        requestId: expect.any(String),
      });
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    };

    it('answers 503 with Retry-After within two seconds when the database is away, and never 202', async () => {
      proxy.setMode('reset');
      let submissions: HttpAnswer[] = [];
      let took = Number.POSITIVE_INFINITY;
      // again where the machine itself stood still
      for (let i = 0; i < 3 && took >= 2500; i++) {
        const since = performance.now();
        submissions = await Promise.all([submit(), submit({ 'idempotency-key': 'k' }), bulk()]);
        took = performance.now() - since;
      }
      expect(took).toBeLessThan(2500);
      for (const answer of submissions) expectRefusal(answer, 'STORE_UNAVAILABLE');
      for (const path of [
        '/tasks',
        `/tasks/${id}`,
        `/tasks/${id}/history`,
        `/tasks/${id}/events`,
        '/tasks/queues',
        '/tasks/workers',
      ])
        expectRefusal(await http.client.get(path), 'STORE_UNAVAILABLE');
      for (const path of [`/tasks/${id}/revoke`, `/tasks/${id}/retry`, '/tasks/queues/default/pause'])
        expectRefusal(await http.client.post(path), 'STORE_UNAVAILABLE');
      expectRefusal(await http.client.delete(`/tasks/${id}`), 'STORE_UNAVAILABLE');

      proxy.setMode('pass');
      expect(await stored()).toBe(1);
      await until('it accepts again', async () => (await submit()).status === 202);
      expect((await http.client.get(`/tasks/${id}`)).status).toBe(200);
    });

    it('refuses submissions while it is shutting down, and answers questions until the end', async () => {
      const before = await stored();
      http.tasks.beginShutdown();
      for (const answer of [await submit(), await submit({ 'idempotency-key': 'k2' }), await bulk()])
        expectRefusal(answer, 'SHUTTING_DOWN');
      expect(await stored()).toBe(before);
      expect((await http.client.get(`/tasks/${id}`)).status).toBe(200);
      // what still runs here may need to submit others
      await expect(http.tasks.of(InputTasks).add.delay(1, 2)).resolves.toBeDefined();
      await expect(http.tasks.health()).rejects.toThrow('shutting down');
    });
  });
