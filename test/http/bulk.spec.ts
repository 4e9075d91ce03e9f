import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { InputTasks } from './bad-requests.js';

const good = { name: 'input.any', args: [1] };

/** What is wrong with the third of four tasks, the status, the code and the path. */
const MISTAKES: [string, object, number, string, string?][] = [
  ['no object', 5 as unknown as object, 400, 'INVALID_OPTION', 'tasks[2]'],
  ['no name', { args: [] }, 400, 'INVALID_TASK_NAME', 'tasks[2].name'],
  ['a name that is none', { name: '../x' }, 400, 'INVALID_TASK_NAME', 'tasks[2].name'],
  ['an unknown task', { name: 'input.nope' }, 404, 'UNKNOWN_TASK', 'tasks[2].name'],
  ['a task that is not exposed', { name: 'input.hidden' }, 404, 'UNKNOWN_TASK', 'tasks[2].name'],
  ['an unknown property', { ...good, argz: [] }, 400, 'UNKNOWN_PROPERTY', 'tasks[2].argz'],
  ['arguments that are no array', { ...good, args: {} }, 400, 'ARG_TYPE', 'tasks[2].args'],
  ['a missing argument', { name: 'input.add', args: [1] }, 400, 'ARG_REQUIRED', 'tasks[2].args[1]'],
  ['a wrong type', { name: 'input.add', args: [1, '2'] }, 400, 'ARG_TYPE', 'tasks[2].args[1]'],
  ['a wrong property', { name: 'input.dto', args: [{ x: 1 }] }, 400, 'ARG_REQUIRED', 'tasks[2].args[0].y'],
  ['too many arguments', { ...good, args: [1, 2] }, 400, 'TOO_MANY_ARGUMENTS', 'tasks[2].args'],
  ['U+0000', { ...good, args: ['\0'] }, 400, 'NUL_CHARACTER', 'tasks[2].args[0]'],
  [
    'a wrong priority',
    { ...good, options: { priority: 10 } },
    400,
    'INVALID_PRIORITY',
    'tasks[2].options.priority',
  ],
  ['a wrong date', { ...good, options: { eta: 'soon' } }, 400, 'INVALID_DATE', 'tasks[2].options.eta'],
  ['a wrong tag', { ...good, options: { tags: { a: 1 } } }, 400, 'INVALID_OPTION', 'tasks[2].options.tags.a'],
  [
    'U+0000 in meta',
    { ...good, options: { meta: { a: '\0' } } },
    400,
    'NUL_CHARACTER',
    'tasks[2].options.meta.a',
  ],
  [
    'an unknown queue',
    { ...good, options: { queue: 'nowhere' } },
    400,
    'UNKNOWN_QUEUE',
    'tasks[2].options.queue',
  ],
  ['an owner', { ...good, options: { owner: 'ann' } }, 400, 'UNKNOWN_PROPERTY', 'tasks[2].options.owner'],
  [
    'a key, which one of many cannot have',
    { ...good, options: { idempotencyKey: 'k' } },
    400,
    'UNKNOWN_PROPERTY',
    'tasks[2].options.idempotencyKey',
  ],
];

for (const adapter of ADAPTERS)
  describe(`POST /tasks/bulk on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;

    beforeAll(async () => {
      database = await createDatabase();
      http = await createHttpApplication(adapter, database.url, { providers: [InputTasks] });
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });

    const bulk = (tasks: unknown) => http.client.post<{ ids: string[] }>('/tasks/bulk', { tasks });
    const stored = async () => (await database.sql.query('SELECT FROM celeriac.task')).rows.length;

    for (const [what, mistake, status, code, path] of MISTAKES)
      it(`accepts nothing when one of them has ${what}, and says where`, async () => {
        const { body, ...answer } = await bulk([good, good, mistake, good]);
        expect(answer.status).toBe(status);
        expect(body).toEqual({
          statusCode: status,
          code,
          message: expect.any(String),
          path,
          requestId: expect.any(String),
        });
        const { message } = body as unknown as { message: string };
        // an option's message begins with where it stands
        if (code !== 'UNKNOWN_TASK') expect(message.startsWith(`${path}: `)).toBe(true);
        expect(await stored()).toBe(0);
      });

    it('takes from 1 to 1,000 tasks', async () => {
      for (const tasks of [undefined, null, {}, 'x', [], Array.from({ length: 1001 }, () => good)])
        expect(await bulk(tasks)).toMatchObject({
          status: 400,
          body: { code: tasks === undefined ? 'BODY_MUST_BE_OBJECT' : 'INVALID_BULK' },
        });
      expect(await stored()).toBe(0);
      const { status, body } = await bulk(
        Array.from({ length: 1000 }, (_, i) => ({ name: 'input.any', args: [i] })),
      );
      expect(status).toBe(202);
      expect(new Set(body.ids).size).toBe(1000);
      expect(await stored()).toBe(1000);
    });

    it('gives ids in the order of the request, with their own options', async () => {
      const { body } = await bulk([
        { name: 'input.add', args: [1, 2], options: { priority: 3, tags: { a: 'b' } } },
        { name: 'input.any', args: ['x'], options: { countdown: '1h' } },
      ]);
      expect(await http.tasks.record(body.ids[0]!)).toMatchObject({
        name: 'input.add',
        args: [1, 2],
        priority: 3,
        tags: { a: 'b' },
      });
      expect(await http.tasks.record(body.ids[1]!)).toMatchObject({
        name: 'input.any',
        dueAt: expect.any(String),
      });
    });
  });
