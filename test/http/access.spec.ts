import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Param, UseGuards } from '@nestjs/common';
import {
  CurrentPrincipal,
  Needs,
  TasksAccessGuard,
  parseApiKeys,
  scopeOf,
  type Principal,
} from '#dist/tasks/http/index.js';
import { Task, TaskService } from '#dist/tasks/index.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { EventStream } from '../support/event-stream.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import type { HttpAnswer, HttpClient } from '../support/http-client.js';

@Injectable()
class NoteTasks {
  @Task({ http: true })
  keep(text: string): string {
    return text;
  }
  @Task({ http: true })
  fail(): never {
    throw new Error('on purpose');
  }
}

/** A controller of the application, behind the library's guard. */
@UseGuards(TasksAccessGuard)
@Controller('mine')
class MineController {
  constructor(private readonly tasks: TaskService) {}

  @Get('unmarked')
  unmarked(): string {
    return 'nobody gets here';
  }

  @Get(':id')
  @Needs('see')
  async state(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<object> {
    const { state } = await this.tasks.record(id, { owner: scopeOf(principal) });
    return { state, role: principal.role, owner: principal.owner };
  }
}

const KEYS = {
  ann: 'ann-may-submit-0001',
  bob: 'bob-may-submit-0001',
  annReads: 'ann-may-read-000001',
  reader: 'may-read-all-000001',
  admin: 'admin-of-all-000001',
};
const UNKNOWN_ID = '01930000-0000-7000-8000-000000000000';

for (const adapter of ADAPTERS)
  describe(`access by keys on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;
    let anonymous: HttpClient;
    let ann: HttpClient;
    let bob: HttpClient;
    let annReads: HttpClient;
    let reader: HttpClient;
    let admin: HttpClient;
    /** Ann's, waiting. */
    let waiting: string;
    /** Ann's, failed. */
    let failed: string;

    beforeAll(async () => {
      database = await createDatabase();
      const keys = parseApiKeys(
        `submit:ann:${KEYS.ann}, submit:bob:${KEYS.bob},read:ann:${KEYS.annReads},read:*:${KEYS.reader},admin:*:${KEYS.admin}`,
      );
      http = await createHttpApplication(
        adapter,
        database.url,
        { providers: [NoteTasks], controllers: [MineController] },
        { http: { keys } },
      );
      anonymous = http.client;
      [ann, bob, annReads, reader, admin] = [KEYS.ann, KEYS.bob, KEYS.annReads, KEYS.reader, KEYS.admin].map(
        (key) => http.client.as(key),
      ) as [HttpClient, HttpClient, HttpClient, HttpClient, HttpClient];
      waiting = (
        await ann.post<{ id: string }>('/tasks/note.keep', { args: ['a'], options: { countdown: '1h' } })
      ).body.id;
      await http.worker.start();
      failed = (await ann.post<{ id: string }>('/tasks/note.fail', { args: [] })).body.id;
      expect(await ann.get(`/tasks/${failed}?wait=20s`)).toMatchObject({ body: { state: 'FAILURE' } });
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });

    /** Every route, by a task's id. */
    const routes = (id: string): [method: 'get' | 'post' | 'delete', path: string][] => [
      ['get', `/tasks/${id}`],
      ['get', `/tasks/${id}?wait=1`],
      ['get', `/tasks/${id}/history`],
      ['get', `/tasks/${id}/events`],
      ['post', `/tasks/${id}/revoke`],
    ];
    const ask = (client: HttpClient, [method, path]: [method: 'get' | 'post' | 'delete', path: string]) =>
      client[method](path);
    const shape = ({ status, body: { requestId, ...body } }: HttpAnswer) => {
      expect(requestId).toEqual(expect.any(String));
      return { status, body };
    };

    it('asks for a key on every route, and says how', async () => {
      const all: ReturnType<typeof routes> = [
        ...routes(waiting),
        ['post', '/tasks/note.keep'],
        ['post', '/tasks/note.unknown'],
        ['post', '/tasks/bulk'],
        ['get', '/tasks'],
        ['post', `/tasks/${waiting}/retry`],
        ['delete', `/tasks/${waiting}`],
        ['get', '/tasks/workers'],
        ['get', '/tasks/workers/one'],
        ['get', '/tasks/workers/one/conf'],
        ['post', '/tasks/workers/one/shutdown'],
        ['get', '/tasks/limits'],
        ['post', '/tasks/limits/math.add/rate'],
        ['get', '/tasks/queues'],
        ['post', '/tasks/queues/default/pause'],
        ['post', '/tasks/queues/default/purge'],
        ['get', `/mine/${waiting}`],
      ];
      for (const client of [anonymous, http.client.as('not-a-key-of-anybody')])
        for (const route of all) {
          const answer = await ask(client, route);
          expect([route, answer.status, answer.body.code]).toEqual([route, 401, 'UNAUTHENTICATED']);
          expect(answer.headers.get('www-authenticate')).toBe('Bearer');
          expect(JSON.stringify(answer.body)).not.toContain('not-a-key');
        }
    });

    it('looks at the key before the body', async () => {
      const post = (client: HttpClient) =>
        client.post('/tasks/note.keep', '<x/>', { 'content-type': 'text/xml' });
      // Fastify parses bodies before any guard runs
      expect((await post(anonymous)).status).toBe(adapter === 'express' ? 401 : 415);
      expect((await post(ann)).status).toBe(415);
    });

    it('takes a key in no other form', async () => {
      for (const authorization of [
        KEYS.admin,
        `Basic ${KEYS.admin}`,
        `Bearer ${KEYS.admin}x`,
        'Bearer ',
        'Bearer',
      ])
        expect((await anonymous.with({ authorization }).get('/tasks')).status).toBe(401);
      expect((await anonymous.get(`/tasks?key=${KEYS.admin}`)).status).toBe(401);
      expect((await anonymous.with({ authorization: `bearer ${KEYS.admin}` }).get('/tasks')).status).toBe(
        200,
      );
    });

    it('lets each role do what it may, and nothing more', async () => {
      const submission = ['post', '/tasks/note.keep'] as const;
      const allowed = async (client: HttpClient, method: 'get' | 'post' | 'delete', path: string) => {
        const { status, body } = await client[method](path);
        if (status === 403) expect(body).toMatchObject({ statusCode: 403, code: 'FORBIDDEN' });
        return status !== 403;
      };
      const may = async (client: HttpClient) => ({
        submit: await allowed(client, ...submission),
        bulk: await allowed(client, 'post', '/tasks/bulk'),
        see: await allowed(client, 'get', `/tasks/${failed}`),
        list: await allowed(client, 'get', '/tasks'),
        revoke: await allowed(client, 'post', `/tasks/${UNKNOWN_ID}/revoke`),
        retry: await allowed(client, 'post', `/tasks/${UNKNOWN_ID}/retry`),
        forget: await allowed(client, 'delete', `/tasks/${UNKNOWN_ID}`),
        workers: await allowed(client, 'get', '/tasks/workers'),
        pause: await allowed(client, 'post', '/tasks/queues/nowhere/pause'),
        purge: await allowed(client, 'post', '/tasks/queues/nowhere/purge'),
      });
      const none = { retry: false, forget: false, workers: false, pause: false, purge: false };
      expect(await may(ann)).toEqual({
        submit: true,
        bulk: true,
        see: true,
        list: false,
        revoke: true,
        ...none,
      });
      expect(await may(reader)).toEqual({
        submit: false,
        bulk: false,
        see: true,
        list: true,
        revoke: false,
        ...none,
      });
      expect(Object.values(await may(admin))).toEqual(Array(10).fill(true));
    });

    it('sets the owner of a key on what it submits, whatever the request says', async () => {
      const { body } = await bob.post<{ id: string }>('/tasks/note.keep', { args: ['b'] });
      expect(body).toMatchObject({ owner: 'bob' });
      const bulk = await bob.post<{ ids: string[] }>('/tasks/bulk', {
        tasks: [{ name: 'note.keep', args: ['c'] }],
      });
      expect(await http.tasks.record(bulk.body.ids[0]!)).toMatchObject({ owner: 'bob' });
      expect(await bob.post('/tasks/note.keep', { args: ['b'], options: { owner: 'ann' } })).toMatchObject({
        status: 400,
        body: { code: 'UNKNOWN_PROPERTY', path: 'options.owner' },
      });
    });

    it("answers another owner's task like one that does not exist, on every route", async () => {
      for (const id of [waiting, failed])
        for (const [i, route] of routes(id).entries()) {
          const other = shape(await ask(bob, route));
          const unknown = shape(await ask(bob, routes(UNKNOWN_ID)[i]!));
          expect(JSON.parse(JSON.stringify(other).replaceAll(id, UNKNOWN_ID))).toEqual(unknown);
          expect(unknown).toMatchObject({ status: 404, body: { code: 'TASK_NOT_FOUND' } });
        }
      expect(await http.tasks.record(waiting)).toMatchObject({ state: 'PENDING' });
    });

    it('shows an owner its own tasks only, and everybody’s to `*` and to an admin', async () => {
      const owners = async (client: HttpClient) => {
        const { body } = await client.get<{ items: { owner: string }[] }>('/tasks');
        return [...new Set(body.items.map((item) => item.owner))].sort();
      };
      expect(await owners(annReads)).toEqual(['ann']);
      expect(await owners(reader)).toEqual(['ann', 'bob']);
      expect(await owners(admin)).toEqual(['ann', 'bob']);
      for (const client of [ann, annReads, reader, admin])
        expect(await client.get(`/tasks/${waiting}`)).toMatchObject({ status: 200, body: { owner: 'ann' } });
    });

    it('hides stacks from keys that may only submit: in the record, its history and its events', async () => {
      type Shown = { error: { name: string; message: string; stack?: string } };
      const read = async (client: HttpClient, key: string) => {
        const { body: record } = await client.get<Shown>(`/tasks/${failed}`);
        const { body: history } = await client.get<{ items: Partial<Shown>[] }>(`/tasks/${failed}/history`);
        const stream = await EventStream.open(`${http.url}/tasks/${failed}/events`, {
          authorization: `Bearer ${key}`,
        });
        const [event] = await stream.all();
        return [
          record.error,
          history.items.find((entry) => entry.error)!.error!,
          (event!.data as unknown as Shown).error,
        ];
      };
      for (const error of await read(ann, KEYS.ann))
        expect(error).toEqual({ name: 'Error', message: 'on purpose' });
      for (const error of await read(annReads, KEYS.annReads)) {
        expect(error).toMatchObject({ name: 'Error', message: 'on purpose' });
        expect(error.stack).toMatch(/on purpose\n\s+at /);
      }
    });

    it('keeps the idempotency keys of two owners apart', async () => {
      const key = { 'idempotency-key': 'the-same' };
      const [a, b] = await Promise.all(
        [ann, bob].map((client) => client.post<{ id: string }>('/tasks/note.keep', { args: ['x'] }, key)),
      );
      expect([a!.status, b!.status]).toEqual([202, 202]);
      expect(a!.body.id).not.toBe(b!.body.id);
      // a conflict does not tell of the other's arguments either
      const other = await bob.post('/tasks/note.keep', { args: ['y'] }, key);
      expect(other).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_CONFLICT' } });
    });

    it('guards controllers of the application: role, owner, and nothing that is not marked', async () => {
      expect(await ann.get(`/mine/${waiting}`)).toMatchObject({
        status: 200,
        body: { state: 'PENDING', role: 'submit', owner: 'ann' },
      });
      expect(await bob.get(`/mine/${waiting}`)).toMatchObject({
        status: 404,
        body: { code: 'TASK_NOT_FOUND' },
      });
      expect(await admin.get('/mine/unmarked')).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    });

    it('lets nothing be kept by caches, or taken for something else', async () => {
      for (const answer of [await ann.get(`/tasks/${waiting}`), await anonymous.get('/tasks')]) {
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
        expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      }
    });

    it('says in the history who revoked a task', async () => {
      const { body } = await ann.post<{ id: string }>('/tasks/note.keep', {
        args: ['z'],
        options: { countdown: '1h' },
      });
      expect(await ann.post(`/tasks/${body.id}/revoke`)).toMatchObject({
        status: 200,
        body: { state: 'REVOKED' },
      });
      const { items } = (await admin.get<{ items: object[] }>(`/tasks/${body.id}/history`)).body;
      expect(items).toContainEqual(expect.objectContaining({ kind: 'revoke', by: 'ann' }));
    });
  });
