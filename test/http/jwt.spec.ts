import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { TasksHttpModule, type Principal } from '#dist/tasks/http/index.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { InputTasks } from './bad-requests.js';

process.env.JWT_SECRET = 'a secret of at least 32 characters';
const { JwtGuard, principalOf } = await import('./jwt.guard.js');

const secret = new TextEncoder().encode(process.env.JWT_SECRET);
const sign = (claims: Record<string, unknown>, expires = '1h', key = secret) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(expires).sign(key);

it('the documentation has the example as it runs here', async () => {
  const [docs, example] = await Promise.all(
    ['../../docs/http.md', './jwt.guard.ts'].map((file) => readFile(new URL(file, import.meta.url), 'utf8')),
  );
  expect(docs).toContain(example!.replace('#dist/tasks/http/index.js', 'celeriac/http'));
});

for (const adapter of ADAPTERS)
  describe(`guards of the application on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;

    beforeAll(async () => {
      database = await createDatabase();
      http = await createHttpApplication(
        adapter,
        database.url,
        { providers: [InputTasks] },
        // the guard is there before any provider, what it means may come from one
        {
          httpModule: TasksHttpModule.forRootAsync({
            path: 'jobs',
            guards: [JwtGuard],
            useFactory: () => ({ principal: principalOf }),
          }),
        },
      );
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });

    const submit = async (token: string) =>
      http.client
        .as(token)
        .post<{ id: string; owner: string; code?: string }>('/jobs/input.add', { args: [1, 2] });

    it('let in whom they know, as whom they know', async () => {
      const ann = await submit(await sign({ sub: 'ann' }));
      expect(ann).toMatchObject({ status: 202, body: { owner: 'ann', statusUrl: `/jobs/${ann.body.id}` } });
      const ask = async (claims: Record<string, unknown>) =>
        (await http.client.as(await sign(claims)).get(`/jobs/${ann.body.id}`)).status;
      expect(await ask({ sub: 'ann' })).toBe(200);
      expect(await ask({ sub: 'bob' })).toBe(404);
      expect(await ask({ sub: 'root', admin: true })).toBe(200);
      expect((await http.client.as(await sign({ sub: 'ann' })).get('/jobs')).status).toBe(403);
    });

    it('refuse a missing, forged, expired or unsigned token', async () => {
      const unsigned = `${btoa('{"alg":"none"}')}.${btoa('{"sub":"ann"}')}.`;
      for (const token of [
        '',
        'nonsense',
        unsigned,
        await sign({ sub: 'ann' }, '1h', new TextEncoder().encode('another secret of 32 characters!')),
        await sign({ sub: 'ann' }, '-1s'),
      ])
        expect(await submit(token)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    });

    it('know nobody whose token names no user', async () => {
      expect(await submit(await sign({}))).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    });
  });

describe('a principal that an application makes', () => {
  it('without an owner sees nothing, instead of everything', async () => {
    const database = await createDatabase();
    for (const principal of [
      { role: 'read' },
      { role: 'read', owner: undefined },
      { role: 'read', owner: '' },
    ]) {
      const http = await createHttpApplication(
        'express',
        database.url,
        {},
        { http: { principal: () => principal as Principal } },
      );
      expect((await http.client.get('/tasks')).status).toBe(401);
      await http.close();
    }
    await database.drop();
  });

  it('with a role that there is not may do nothing', async () => {
    const database = await createDatabase();
    const http = await createHttpApplication(
      'express',
      database.url,
      {},
      {
        http: {
          principal: () => Promise.resolve({ role: 'constructor', owner: null } as unknown as Principal),
        },
      },
    );
    expect((await http.client.get('/tasks')).status).toBe(403);
    await http.close();
    await database.drop();
  });
});
