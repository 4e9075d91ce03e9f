import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task, TaskContext } from '#dist/tasks/index.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { until } from '../support/until.js';
import { InputTasks } from './bad-requests.js';

@Injectable()
class HoldTasks {
  /** Runs until it is revoked. */
  @Task({ http: true })
  async hold(context: TaskContext): Promise<void> {
    const { signal } = context;
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    signal.throwIfAborted();
  }
}

for (const adapter of ADAPTERS)
  describe(`revoking many on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;

    beforeAll(async () => {
      database = await createDatabase();
      http = await createHttpApplication(
        adapter,
        database.url,
        { providers: [InputTasks, HoldTasks] },
        {
          http: {
            keys: [
              { role: 'admin', owner: 'root', key: 'admin-0123456789abcdef' },
              { role: 'submit', owner: 'ann', key: 'submit-0123456789abcdef' },
              { role: 'read', owner: 'ann', key: 'read-0123456789abcdef' },
            ],
          },
          tasks: { queues: { images: {} } },
        },
      );
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });
    afterEach(() => database.sql.query('TRUNCATE celeriac.task, celeriac.task_done, celeriac.audit'));

    const as = (role: string) => http.client.as(`${role}-0123456789abcdef`);
    const submit = async (options: object = {}, name = 'input.any', args: unknown[] = [1]) =>
      (await as('submit').post<{ id: string }>(`/tasks/${name}`, { args, options })).body.id;
    const stateOf = async (id: string) => (await as('admin').get(`/tasks/${id}`)).body.state;

    it("ends what fits every filter, everybody's, and notes who did it", async () => {
      const [fits, otherTag, otherQueue, otherName] = [
        await submit({ queue: 'images', tags: { user: '42', a: 'b' } }),
        await submit({ queue: 'images', tags: { user: '43' } }),
        await submit({ tags: { user: '42' } }),
        await submit({ queue: 'images', tags: { user: '42' } }, 'hold.hold', []),
      ];
      const filter = { name: 'input.*', queue: 'images', tags: { user: '42' } };
      expect(await as('admin').post('/tasks/revoke', filter)).toMatchObject({
        status: 200,
        body: { ended: 1, asked: 0 },
      });
      expect(await stateOf(fits)).toBe('REVOKED');
      for (const id of [otherTag, otherQueue, otherName]) expect(await stateOf(id)).toBe('PENDING');
      const { items } = (await as('admin').get<{ items: object[] }>(`/tasks/${fits}/history`)).body;
      expect(items).toMatchObject([{ kind: 'submitted' }, { kind: 'revoke', by: 'root' }]);
      expect(await as('admin').post('/tasks/revoke', filter)).toMatchObject({ body: { ended: 0, asked: 0 } });
    });

    it('ends by id, however many of them are not there', async () => {
      const [first, second] = [await submit(), await submit()];
      const ids = [first, '01930000-0000-7000-8000-000000000000'];
      expect(await as('admin').post('/tasks/revoke', { ids })).toMatchObject({
        body: { ended: 1, asked: 0 },
      });
      expect([await stateOf(first), await stateOf(second)]).toEqual(['REVOKED', 'PENDING']);
    });

    it('asks those that run, and ends them with terminate', async () => {
      await http.worker.start();
      const held = async () => {
        const id = await submit({}, 'hold.hold', []);
        await until('it runs', async () => (await stateOf(id)) === 'STARTED');
        return id;
      };
      const asked = await held();
      expect(await as('admin').post('/tasks/revoke', { name: 'hold.hold' })).toMatchObject({
        body: { ended: 0, asked: 1 },
      });
      expect((await as('admin').get(`/tasks/${asked}?wait=20s`)).body.state).toBe('REVOKED');
      const ended = await held();
      expect(await as('admin').post('/tasks/revoke', { ids: [ended], terminate: true })).toMatchObject({
        body: { ended: 1, asked: 0 },
      });
      expect(await stateOf(ended)).toBe('REVOKED');
      await http.worker.stop(0);
    });

    it('is for administrators alone', async () => {
      const id = await submit({ countdown: '1h' });
      for (const role of ['submit', 'read'])
        expect(await as(role).post('/tasks/revoke', { ids: [id] })).toMatchObject({
          status: 403,
          body: { code: 'FORBIDDEN' },
        });
      expect(await stateOf(id)).toBe('PENDING');
    });
  });
