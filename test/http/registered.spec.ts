import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { InputTasks } from './bad-requests.js';

for (const adapter of ADAPTERS)
  describe(`the registered tasks on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;

    beforeAll(async () => {
      database = await createDatabase();
      const key = (role: 'submit' | 'read' | 'admin') => ({
        role,
        owner: 'ann',
        key: `${role}-0123456789abcdef`,
      });
      http = await createHttpApplication(
        adapter,
        database.url,
        { providers: [InputTasks] },
        { http: { keys: [key('submit'), key('read'), key('admin')] } },
      );
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });

    it('are told to every role with the JSON Schema of their arguments, without those that are not exposed', async () => {
      const argument = (name: string) => ({ name, required: true, schema: { type: 'number' } });
      for (const role of ['submit', 'read', 'admin']) {
        const { status, body } = await http.client
          .as(`${role}-0123456789abcdef`)
          .get<{ items: { name: string; args: unknown[] }[] }>('/tasks/registered');
        expect(status).toBe(200);
        expect(body.items.map(({ name }) => name)).toEqual([
          'input.add',
          'input.any',
          'input.dto',
          'input.schema',
        ]);
        expect(body.items[0]).toEqual({
          name: 'input.add',
          queue: 'default',
          priority: 0,
          http: true,
          args: [argument('x'), argument('y')],
          result: {},
        });
        expect(body.items[3]!.args).toEqual([
          {
            name: 'size',
            required: true,
            schema: {
              type: 'object',
              properties: { width: expect.objectContaining({ type: 'integer' }), title: { type: 'string' } },
              required: ['width'],
              additionalProperties: false,
            },
          },
        ]);
      }
    });

    it('are told to nobody without a key', async () => {
      expect(await http.client.get('/tasks/registered')).toMatchObject({
        status: 401,
        body: { code: 'UNAUTHENTICATED' },
      });
    });
  });
