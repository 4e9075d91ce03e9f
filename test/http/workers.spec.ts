import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { InputTasks } from './bad-requests.js';

interface Worker {
  id: string;
  name: string;
}

for (const adapter of ADAPTERS)
  describe(`workers over HTTP on ${adapter}`, () => {
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
        { providers: [InputTasks] },
        { http: { keys: [{ role: 'admin', owner: 'root', key: '0123456789abcdef' }] } },
      );
    });
    afterEach(async () => {
      await http.close();
      await database.sql.query(
        'TRUNCATE celeriac.task, celeriac.task_done, celeriac.audit, celeriac.worker, celeriac.queue',
      );
    });

    const client = () => http.client.as('0123456789abcdef');
    const worker = async () => (await client().get<{ items: Worker[] }>('/tasks/workers')).body.items[0]!;
    const post = async (action: string, body?: unknown) =>
      client().post(`/tasks/workers/${(await worker()).id}/${action}`, body);

    it('shows one by its id or its name, with what it has the code of', async () => {
      await http.worker.start({ queues: ['default'], concurrency: 3 });
      const { id, name } = await worker();
      for (const which of [id, name])
        expect(await client().get(`/tasks/workers/${which}`)).toMatchObject({
          status: 200,
          body: {
            id,
            name,
            alive: true,
            pool: 'async',
            concurrency: 3,
            processed: 0,
            paused: false,
            memory: expect.any(Number),
            tasks: expect.arrayContaining([{ name: 'input.any', queue: 'default', limited: false }]),
          },
        });
      expect(await client().get('/tasks/workers/nobody')).toMatchObject({
        status: 404,
        body: { code: 'UNKNOWN_WORKER' },
      });
      expect(await client().get(`/tasks/workers/${encodeURIComponent("a'; --")}`)).toMatchObject({
        status: 400,
        body: { code: 'INVALID_ID' },
      });
    });

    it('asks it', async () => {
      await http.worker.start({ queues: ['default'] });
      const { id, name } = await worker();
      expect(await client().post(`/tasks/workers/${id}/ping`)).toMatchObject({
        status: 200,
        body: { worker: name, value: 'pong' },
      });
      expect((await client().get(`/tasks/workers/${id}/active-queues`)).body).toEqual({
        worker: name,
        value: ['default'],
      });
      expect(await client().get(`/tasks/workers/${id}/secrets`)).toMatchObject({
        status: 400,
        body: { code: 'INVALID_QUESTION', path: 'what' },
      });
    });

    it('tells it to do more, less, other queues, nothing, and keeps who said so', async () => {
      await http.worker.start({ queues: ['default'], concurrency: 2 });
      expect(await post('pool-grow', { n: 3 })).toMatchObject({ status: 200, body: { value: 5 } });
      expect(await post('pool-shrink')).toMatchObject({ status: 200, body: { value: 4 } });
      expect(await post('add-queue', { queue: 'images' })).toMatchObject({
        body: { value: ['default', 'images'] },
      });
      expect(await post('cancel-queue', { queue: 'default' })).toMatchObject({ body: { value: ['images'] } });
      expect(await post('pause')).toMatchObject({ status: 200, body: { value: null } });
      expect(await post('resume', {})).toMatchObject({ status: 200 });
      const { rows } = await database.sql.query(`SELECT action, by FROM celeriac.audit ORDER BY id`);
      expect(rows).toEqual(
        ['pool_grow', 'pool_shrink', 'add_consumer', 'cancel_consumer', 'pause', 'resume'].map((action) => ({
          action,
          by: 'root',
        })),
      );
    });

    it('answers 409 to what it cannot do, and 400 to what makes no sense', async () => {
      await http.worker.start({ concurrency: 1, inline: true });
      for (const action of ['shutdown', 'pool-restart', 'pool-shrink'])
        expect(await post(action)).toMatchObject({ status: 409, body: { code: 'CONTROL_REFUSED' } });
      for (const [action, body, code] of [
        ['pool-grow', { n: 0 }, 'INVALID_OPTION'],
        ['pool-grow', { m: 1 }, 'UNKNOWN_PROPERTY'],
        ['pool-grow', [1], 'BODY_MUST_BE_OBJECT'],
        ['pause', { ever: true }, 'UNKNOWN_PROPERTY'],
        ['autoscale', { max: 1, min: 2 }, 'INVALID_OPTION'],
        ['add-queue', { queue: "a'; --" }, 'INVALID_QUEUE'],
        ['add-queue', {}, 'INVALID_QUEUE'],
      ] as const)
        expect([action, body, await post(action, body)]).toMatchObject([
          action,
          body,
          { status: 400, body: { code } },
        ]);
      expect((await worker()).id).toBeDefined();
    });

    it('says 504 when it does not answer', async () => {
      await http.worker.start();
      const { id } = await worker();
      // one that has the lease, and nobody behind it
      await database.sql.query(
        `INSERT INTO celeriac.worker (id, name, alive_since, lease_until) VALUES (gen_random_uuid(), 'zombie', now(), now() + interval '1 minute')`,
      );
      expect(await client().post('/tasks/workers/zombie/ping?timeout=100')).toMatchObject({
        status: 504,
        body: { code: 'WORKER_SILENT' },
      });
      expect(await client().post(`/tasks/workers/${id}/ping?timeout=x`)).toMatchObject({
        status: 400,
        body: { code: 'INVALID_DELAY' },
      });
    });

    it('says of a task, and of its queue, that nobody listens', async () => {
      await http.worker.start({ queues: ['default'] });
      await database.sql.query(`INSERT INTO celeriac.queue (name) VALUES ('nowhere')`);
      const submit = async (options: object) =>
        (await client().post<{ id: string }>('/tasks/input.any', { args: [1], options })).body.id;
      const lost = await submit({ queue: 'nowhere' });
      const later = await submit({ queue: 'nowhere', countdown: '1h' });
      const fine = await submit({});
      expect((await client().get(`/tasks/${lost}`)).body).toMatchObject({ unattended: true });
      expect((await client().get(`/tasks/${later}`)).body).toMatchObject({ unattended: false });
      expect((await client().get(`/tasks/${fine}?wait=10s`)).body).toMatchObject({ unattended: false });
      const { items } = (
        await client().get<{ items: { name: string; unattended: boolean; workers: string[] }[] }>(
          '/tasks/queues',
        )
      ).body;
      expect(items.map(({ name, unattended, workers }) => [name, unattended, workers.length])).toEqual([
        ['default', false, 1],
        ['nowhere', true, 0],
      ]);
      await post('add-queue', { queue: 'nowhere' });
      expect((await client().get(`/tasks/${lost}?wait=10s`)).body).toMatchObject({ state: 'SUCCESS' });
    });
  });
