import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { InputTasks } from './bad-requests.js';

for (const adapter of ADAPTERS)
  describe(`limits over HTTP on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;

    beforeAll(async () => {
      database = await createDatabase();
      http = await createHttpApplication(
        adapter,
        database.url,
        { providers: [InputTasks] },
        {
          http: {
            keys: [
              { role: 'admin', owner: 'root', key: '0123456789abcdef' },
              { role: 'submit', owner: 'ann', key: 'fedcba9876543210' },
            ],
          },
        },
      );
    });
    afterAll(async () => {
      await http?.close();
      await database?.drop();
    });

    const client = () => http.client.as('0123456789abcdef');
    const limits = async () => (await client().get<{ items: object[] }>('/tasks/limits')).body.items;
    const none = { task: 'input.any', rate: null, burst: null, softTimeLimitMs: null, timeLimitMs: null };

    it('are changed, shown, noted with who did it, and given back to the code', async () => {
      expect(await limits()).toEqual([]);
      expect(await client().post('/tasks/limits/input.any/rate', { rate: '30/m', burst: 2 })).toMatchObject({
        status: 200,
        body: { ...none, rate: 0.5, burst: 2 },
      });
      await client().post('/tasks/limits/input.any/time', { soft: '20s', hard: 30_000 });
      expect(await limits()).toEqual([
        { task: 'input.any', rate: 0.5, burst: 2, softTimeLimitMs: 20_000, timeLimitMs: 30_000 },
      ]);
      const { body } = await client().get<{ items: object[] }>('/tasks/audit');
      expect(body.items).toMatchObject([
        { by: 'root', action: 'time_limit' },
        { by: 'root', action: 'rate_limit' },
      ]);
      await client().post('/tasks/limits/input.any/rate', { rate: null });
      expect(await client().post('/tasks/limits/input.any/time', {})).toMatchObject({ body: none });
      expect(await limits()).toEqual([]);
    });

    it('refuse what is none, and who may not', async () => {
      for (const [path, body] of [
        ['rate', { rate: 'often' }],
        ['rate', { rate: true }],
        ['rate', { rate: 1, burst: 0 }],
        ['rate', { speed: 1 }],
        ['time', { hard: 'long' }],
        ['time', { hard: {} }],
        ['time', { soft: '1m', hard: '10s' }],
      ] as const)
        expect([body, (await client().post(`/tasks/limits/input.any/${path}`, body)).status]).toEqual([
          body,
          400,
        ]);
      expect((await http.client.as('fedcba9876543210').get('/tasks/limits')).status).toBe(403);
    });
  });
