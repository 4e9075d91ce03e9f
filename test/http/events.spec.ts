import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task, TaskContext } from '#dist/tasks/index.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { EventStream } from '../support/event-stream.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { until } from '../support/until.js';

/** Lets handlers go on when a test says so. */
const gates = new Map<string, () => void>();

@Injectable()
class StepTasks {
  /** One step of progress for each time its gate is opened. */
  @Task({ http: true })
  async steps(count: number, gate: string, ctx: TaskContext): Promise<string> {
    for (let step = 1; step <= count; step++) {
      await new Promise<void>((resolve) => gates.set(gate, resolve));
      gates.delete(gate);
      await ctx.progress(step, count, `step ${step}`);
    }
    await new Promise<void>((resolve) => gates.set(gate, resolve));
    gates.delete(gate);
    return 'done';
  }
  @Task({ http: true })
  echo(value: unknown): unknown {
    return value;
  }
}

async function open(gate: string): Promise<void> {
  (await until(`the handler waits at ${gate}`, () => gates.get(gate)))();
}

for (const adapter of ADAPTERS)
  describe(`GET /tasks/:id/events on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;

    beforeAll(async () => {
      database = await createDatabase();
      http = await createHttpApplication(
        adapter,
        database.url,
        { providers: [StepTasks] },
        { http: { keepAlive: 100 } },
      );
      await http.worker.start();
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });

    const submit = async (name: string, args: unknown[], options = {}) =>
      (await http.client.post<{ id: string }>(`/tasks/step.${name}`, { args, options })).body.id;
    const listen = (id: string, headers = {}) => EventStream.open(`${http.url}/tasks/${id}/events`, headers);

    it('begins with the record as it is, tells of every step, and ends with the task', async () => {
      const gate = `${adapter}-1`;
      const id = await submit('steps', [2, gate]);
      await until('it runs', () => gates.has(gate));
      const stream = await listen(id);
      expect(stream.response.status).toBe(200);
      expect(stream.response.headers.get('content-type')).toBe('text/event-stream');
      await until('the snapshot', () => stream.events.length === 1);
      for (let step = 1; step <= 2; step++) {
        await open(gate);
        await until(`step ${step}`, () => stream.events.length === 1 + step);
      }
      await open(gate);
      const events = await stream.all();
      expect(events.map(({ type, data }) => [type, data!.state])).toEqual([
        ['state', 'STARTED'],
        ['progress', 'STARTED'],
        ['progress', 'STARTED'],
        ['state', 'SUCCESS'],
      ]);
      expect(events[2]!.data).toMatchObject({
        id,
        progress: { current: 2, total: 2, percent: 100, message: 'step 2' },
      });
      expect(events[3]!.data).toMatchObject({ result: 'done' });
      expect(new Set(events.map((event) => event.id)).size).toBe(4);
    });

    it('goes on after Last-Event-ID: the snapshot comes only if it is newer', async () => {
      const gate = `${adapter}-2`;
      const id = await submit('steps', [1, gate]);
      await until('it runs', () => gates.has(gate));
      const first = await listen(id);
      await until('the snapshot', () => first.events.length === 1);
      first.leave();
      const started = first.events[0]!.id!;

      const same = await listen(id, { 'last-event-id': started });
      await until('a sign of life', () => same.comments.length > 0);
      expect(same.events).toEqual([]);
      await open(gate);
      await until('the step', () => same.events.length === 1);
      same.leave();

      const newer = await listen(id, { 'last-event-id': started });
      await until('the snapshot', () => newer.events.length === 1);
      expect(newer.events[0]).toMatchObject({ id: same.events[0]!.id, data: { progress: { current: 1 } } });
      await open(gate);
      expect((await newer.all()).at(-1)).toMatchObject({ type: 'state', data: { state: 'SUCCESS' } });
    });

    it('tells who has heard the end not to come again', async () => {
      const id = await submit('echo', [1]);
      const events = await (await listen(id)).all();
      const again = await listen(id, { 'last-event-id': events.at(-1)!.id! });
      expect(again.response.status).toBe(204);
      expect(await again.all()).toEqual([]);
    });

    it('gives one event and ends for a task that has ended', async () => {
      const id = await submit('echo', [{ a: 1 }]);
      await http.tasks.handle(id).get({ timeout: '60s' });
      expect(await (await listen(id)).all()).toEqual([
        {
          type: 'state',
          id: expect.any(String),
          data: expect.objectContaining({ state: 'SUCCESS', result: { a: 1 } }),
        },
      ]);
    });

    it('tells of a revocation', async () => {
      const id = await submit('echo', [1], { countdown: '1h' });
      const stream = await listen(id);
      await until('the snapshot', () => stream.events.length === 1);
      await http.client.post(`/tasks/${id}/revoke`);
      expect((await stream.all()).map(({ data }) => data!.state)).toEqual(['PENDING', 'REVOKED']);
    });

    it('gives signs of life while there is no news', async () => {
      const stream = await listen(await submit('echo', [1], { countdown: '1h' }));
      await until('three signs', () => stream.comments.length >= 3);
      expect(stream.events).toHaveLength(1);
      stream.leave();
    });

    it('answers 404 and 400 instead of a stream, as every route does', async () => {
      expect(await http.client.get('/tasks/01930000-0000-7000-8000-000000000000/events')).toMatchObject({
        status: 404,
        body: { code: 'TASK_NOT_FOUND' },
      });
      expect(await http.client.get('/tasks/17/events')).toMatchObject({
        status: 400,
        body: { code: 'INVALID_ID' },
      });
    });

    it('forgets listeners and waiters that have gone', async () => {
      const ids = await Promise.all(
        Array.from({ length: 20 }, () => submit('echo', [1], { countdown: '1h' })),
      );
      const left = new AbortController();
      const waits = ids.map((id) => fetch(`${http.url}/tasks/${id}?wait=60s`, { signal: left.signal }));
      const streams = await Promise.all(ids.map((id) => listen(id)));
      await until('all are waited for', () => http.tasks.watched === 20);
      for (const stream of streams) stream.leave();
      left.abort();
      await Promise.allSettled(waits);
      await until('none is', () => http.tasks.watched === 0);
    });

    it('ends streams and waits when the application closes', async () => {
      const other = await createHttpApplication(adapter, database.url, { providers: [StepTasks] });
      const id = await submit('echo', [1], { countdown: '1h' });
      const stream = await EventStream.open(`${other.url}/tasks/${id}/events`);
      // another task, since two of one are watched as one
      const wait = other.client.get(`/tasks/${await submit('echo', [2], { countdown: '1h' })}?wait=60s`);
      await until('both are there', () => stream.events.length === 1 && other.tasks.watched === 2);
      const since = performance.now();
      await other.close();
      expect(performance.now() - since).toBeLessThan(10_000);
      expect(await stream.all()).toHaveLength(1);
      expect(await wait).toMatchObject({ status: 200, body: { state: 'PENDING' } });
    });
  });
