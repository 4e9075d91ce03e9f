import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { HttpClient } from '../support/http-client.js';
import { ADAPTERS } from '../support/http-application.js';
import { NodeProcess } from '../support/node-process.js';
import { until } from '../support/until.js';

for (const adapter of ADAPTERS)
  describe(`@nestjs/throttler on ${adapter}`, () => {
    let database: TestDatabase;
    let application: NodeProcess;
    let client: HttpClient;

    beforeAll(async () => {
      database = await createDatabase();
      application = new NodeProcess('test/http/throttled.mjs', [adapter], { DATABASE_URL: database.url });
      const url = await until('it listens', () => {
        if (!application.isRunning) throw new Error(application.lastWords);
        return /http:\S+/.exec(application.log)?.[0];
      });
      client = new HttpClient(url);
    });
    afterAll(async () => {
      await application.terminate();
      await database.drop();
    });

    it('refuses with 429 in the shape of every error, and says when to come again', async () => {
      const submit = () => client.as('0123456789abcdef').post('/tasks/math.add', { args: [1, 2] });
      const statuses = [(await submit()).status, (await submit()).status, (await submit()).status];
      expect(statuses).toEqual([202, 202, 202]);
      const { status, headers, body } = await submit();
      expect(status).toBe(429);
      expect(body).toEqual({
        statusCode: 429,
        code: 'TOO_MANY_REQUESTS',
        message: 'too many requests: try again later',
        requestId: expect.any(String),
      });
      // what the throttler says, not what we would
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(30);
      expect((await database.sql.query('SELECT FROM celeriac.task')).rows).toHaveLength(3);
    });

    it('comes before the keys, so that nobody tries them out', async () => {
      const statuses: number[] = [];
      for (let i = 0; i < 5; i++) statuses.push((await client.as(`wrong-key-${i}`).get('/tasks')).status);
      expect(statuses).toEqual([401, 401, 401, 429, 429]);
    });
  });
