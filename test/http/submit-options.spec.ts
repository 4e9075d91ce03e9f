import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task } from '#dist/tasks/index.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { InputTasks } from './bad-requests.js';

interface Submitted {
  id: string;
  code?: string;
  message?: string;
  path?: string;
}

@Injectable()
class OnceTasks {
  @Task({ http: true, unique: true, headers: { from: 'the task', tier: 'low' } })
  once(): void {}
}

/** Found by the request, as a guard or a middleware of an application would. */
let tenant: string | undefined;

for (const adapter of ADAPTERS)
  describe(`options of a submission on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;

    beforeAll(async () => {
      database = await createDatabase();
      http = await createHttpApplication(
        adapter,
        database.url,
        { providers: [InputTasks, OnceTasks] },
        {
          http: {
            keys: [
              { role: 'submit', owner: 'ann', key: 'key-of-ann-0123456' },
              { role: 'submit', owner: 'bob', key: 'key-of-bob-0123456' },
            ],
          },
          tasks: { context: { capture: () => ({ tenant }) } },
        },
      );
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });
    afterEach(async () => {
      tenant = undefined;
      await database.sql.query('DELETE FROM celeriac.task');
    });

    const as = (who: string) => http.client.as(`key-of-${who}-0123456`);
    const submit = (options: object, name = 'input.any', args: unknown[] = [1], who = 'ann') =>
      as(who).post<Submitted>(`/tasks/${name}`, { args, options: { countdown: '1h', ...options } });

    it('answer 404 when the key stands for a task whose record is gone', async () => {
      const options = { idempotencyKey: 'gone' };
      const { id } = (await submit(options)).body;
      await http.tasks.revoke(id);
      await http.tasks.forget(id);
      expect(await submit(options)).toMatchObject({
        status: 404,
        body: { code: 'TASK_NOT_FOUND', message: expect.stringContaining(id) },
      });
    });

    it('are kept for the worker that runs it', async () => {
      const { status, body } = await submit({
        timeLimit: '1m',
        softTimeLimit: '30s',
        acksLate: false,
        ignoreResult: true,
        storeErrorsEvenIfIgnored: true,
        resultExpires: '1h',
        headers: { tenant: 'a' },
      });
      expect(status).toBe(202);
      const { rows } = await database.sql.query('SELECT options, flags FROM celeriac.task WHERE id = $1', [
        body.id,
      ]);
      expect(rows[0]).toEqual({
        options: {
          timeLimitMs: 60_000,
          softTimeLimitMs: 30_000,
          ignoreResult: true,
          storeErrorsEvenIfIgnored: true,
          resultExpiresMs: 3_600_000,
          headers: { tenant: 'a' },
        },
        flags: expect.any(Number),
      });
      const { body: late } = await submit({});
      const flags = async (id: string) =>
        (await database.sql.query('SELECT flags FROM celeriac.task WHERE id = $1', [id])).rows[0]!.flags;
      expect(await flags(late.id)).not.toBe(rows[0]!.flags);
    });

    it('cost nothing in the row where there are none', async () => {
      const { body } = await submit({});
      const { rows } = await database.sql.query('SELECT options FROM celeriac.task WHERE id = $1', [body.id]);
      expect(rows[0]!.options).toBeNull();
    });

    it('say of many which one is wrong', async () => {
      const { status, body } = await as('ann').post<Submitted>('/tasks/bulk', {
        tasks: [
          { name: 'input.any', args: [1] },
          { name: 'input.any', args: [1], options: { timeLimit: 0 } },
        ],
      });
      expect([status, body.path]).toEqual([400, 'tasks[1].options.timeLimit']);
    });

    it('make a task the only one, give the first or refuse the second', async () => {
      const first = await submit({ unique: true });
      expect((await submit({ unique: true })).body.id).toBe(first.body.id);
      const refused = await submit({ unique: { onConflict: 'refuse' } });
      expect([refused.status, refused.body.code]).toEqual([409, 'UNIQUE_CONFLICT']);
      const many = await as('ann').post<Submitted>('/tasks/bulk', {
        tasks: [{ name: 'input.any', args: [1], options: { unique: { onConflict: 'refuse' } } }],
      });
      expect([many.status, many.body.code]).toEqual([409, 'UNIQUE_CONFLICT']);
      expect((await submit({ unique: { key: 'other' } })).body.id).not.toBe(first.body.id);
    });

    it("never give, replace or refuse for another owner's task", async () => {
      for (const [name, args] of [
        ['input.any', [1]],
        ['once.once', []],
      ] as const) {
        const own = await submit({ unique: { key: 'k' } }, name, [...args], 'ann');
        for (const onConflict of ['existing', 'replace', 'refuse']) {
          const { status, body } = await submit({ unique: { key: 'k', onConflict } }, name, [...args], 'bob');
          if (onConflict !== 'refuse') expect(body.id).not.toBe(own.body.id);
          // his own is in the way
          expect(status).toBe(onConflict === 'refuse' ? 409 : 202);
          expect(JSON.stringify(body)).not.toContain(own.body.id);
        }
        expect((await as('ann').get(`/tasks/${own.body.id}`)).body.state).toBe('PENDING');
      }
    });

    it('tell who sends a key to a unique task what to do', async () => {
      const { status, body } = await as('ann').post<Submitted>(
        '/tasks/once.once',
        { args: [] },
        { 'idempotency-key': 'a' },
      );
      expect([status, body.path, body.code]).toEqual([400, 'Idempotency-Key', 'INVALID_IDEMPOTENCY_KEY']);
      expect(body.message).toMatch(/unique task .*leave the key out, or set unique: false$/);
      const forced = { args: [], options: { unique: false, countdown: '1h' } };
      expect(await as('ann').post('/tasks/once.once', forced, { 'idempotency-key': 'a' })).toMatchObject({
        status: 202,
      });
    });

    it('make another body of it, all that a repeated key may not change', async () => {
      const key = { 'idempotency-key': 'body' };
      const send = (options: object) =>
        as('ann').post<Submitted>('/tasks/input.any', { args: [1], options }, key);
      expect((await send({ countdown: '1h' })).status).toBe(202);
      for (const more of [
        { timeLimit: '1m' },
        { acksLate: false },
        { ignoreResult: true },
        { resultExpires: '1h' },
        { expires: '2h' },
      ]) {
        const { status, body } = await send({ countdown: '1h', ...more });
        expect([more, status, body.code]).toEqual([more, 409, 'IDEMPOTENCY_CONFLICT']);
      }
    });

    describe("take over from the request's headers", () => {
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      const other = '00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-00';
      /** Also of many: what the first of them has. */
      const headersOf = async (sent: Record<string, string>, options: object = {}, name = 'input.any') => {
        const task = { args: name === 'input.any' ? [1] : [], options: { countdown: '1h', ...options } };
        const one = await as('ann').post<{ id: string; headers: object }>(`/tasks/${name}`, task, sent);
        const many = await as('ann').post<{ ids: string[] }>(
          '/tasks/bulk',
          { tasks: [{ name, ...task }] },
          sent,
        );
        const second = await as('ann').get<{ headers: object }>(`/tasks/${many.body.ids[0]}`);
        expect(second.body.headers).toEqual(one.body.headers);
        return one.body.headers;
      };

      it('the trace and the correlation id, and nothing else', async () => {
        expect(await headersOf({})).toEqual({});
        expect(
          await headersOf({ traceparent, tracestate: 'a=1,b=2', baggage: 'user=7', 'x-request-id': 'r-1' }),
        ).toEqual({ traceparent, tracestate: 'a=1,b=2', correlationId: 'r-1' });
        expect(await headersOf({ 'x-request-id': 'r-1', 'x-correlation-id': 'c-1' })).toEqual({
          correlationId: 'c-1',
        });
        expect(await headersOf({ 'x-request-id': 'r-1' }, { unique: false }, 'once.once')).toEqual({
          from: 'the task',
          tier: 'low',
          correlationId: 'r-1',
        });
      });

      it('nothing that looks wrong or is too long, without refusing the task', async () => {
        for (const wrong of [
          traceparent.toUpperCase(),
          `${traceparent}-more`,
          traceparent.replace('00-', 'ff-'),
          `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
          'x'.repeat(5000),
        ])
          expect(await headersOf({ traceparent: wrong, tracestate: 'a=1' })).toEqual({});
        expect(await headersOf({ traceparent, tracestate: 'a'.repeat(513) })).toEqual({ traceparent });
        expect(await headersOf({ 'x-correlation-id': '<b>', 'x-request-id': 'r-1' })).toEqual({
          correlationId: 'r-1',
        });
        expect(await headersOf({ 'x-correlation-id': 'x'.repeat(129) })).toEqual({});
      });

      it('unless the body gives them, a trace as a whole', async () => {
        const sent = { traceparent, tracestate: 'a=1', 'x-request-id': 'r-1' };
        expect(await headersOf(sent, { headers: { correlationId: 'c-2' } })).toEqual({
          traceparent,
          tracestate: 'a=1',
          correlationId: 'c-2',
        });
        expect(await headersOf(sent, { headers: { traceparent: other } })).toEqual({
          traceparent: other,
          correlationId: 'r-1',
        });
        expect(await headersOf(sent, { headers: { traceparent: other, tracestate: 'b=2' } })).toMatchObject({
          traceparent: other,
          tracestate: 'b=2',
        });
      });

      it('beside as many headers as a body may give', async () => {
        const headers = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`h${i}`, 'x']));
        expect(await headersOf({ 'x-request-id': 'r-1' }, { headers })).toEqual({
          ...headers,
          correlationId: 'r-1',
        });
      });

      it('nothing that the application knows better', async () => {
        tenant = 'of-ann';
        expect(await headersOf({ 'x-request-id': 'r-1' }, { headers: { tenant: 'of-bob', a: 'b' } })).toEqual(
          {
            tenant: 'of-ann',
            a: 'b',
            correlationId: 'r-1',
          },
        );
      });

      it('without making another body of it: a repeated key gives the same task', async () => {
        const send = (id: string) =>
          as('ann').post<Submitted>(
            '/tasks/input.any',
            { args: [1], options: { countdown: '1h' } },
            { 'idempotency-key': 'again', 'x-request-id': id, traceparent },
          );
        const first = await send('r-1');
        expect(await send('r-2')).toMatchObject({
          status: 202,
          body: { id: first.body.id, headers: { correlationId: 'r-1' } },
        });
      });
    });
  });
