import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task, TaskContext } from '#dist/tasks/index.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { until } from '../support/until.js';

let broken = false;

@Injectable()
class MathTasks {
  @Task({ http: true })
  add(x: number, y: number): number {
    return x + y;
  }
  @Task({ http: true })
  sum(values: number[]): number {
    return values.reduce((sum, value) => sum + value, 0);
  }
  @Task({ http: true })
  fragile(value: number): number {
    if (broken) throw new TypeError('broken');
    return value;
  }
  @Task({ http: true })
  approved(value: number, ctx: TaskContext): Promise<number> {
    return ctx.waitFor<number>('approval').then((more) => value + more);
  }
  @Task()
  hidden(): void {}
}

const add = (...args: number[]) => ({ name: 'math.add', args });
/** What is wrong with a workflow, the status, the code and the path. */
const MISTAKES: [string, unknown, number, string, string][] = [
  ['no step', undefined, 400, 'INVALID_OPTION', 'workflow'],
  ['a text', 'x', 400, 'INVALID_OPTION', 'workflow'],
  ['neither task nor shape', {}, 400, 'INVALID_OPTION', 'workflow'],
  ['two shapes', { chain: [add(1, 2)], group: [] }, 400, 'INVALID_OPTION', 'workflow'],
  ['an empty chain', { chain: [] }, 400, 'INVALID_OPTION', 'workflow.chain'],
  ['a chain that is no array', { chain: add(1, 2) }, 400, 'INVALID_OPTION', 'workflow.chain'],
  ['an unknown property', { ...add(1, 2), argz: [] }, 400, 'UNKNOWN_PROPERTY', 'workflow.argz'],
  [
    'an unknown task',
    { chain: [add(1, 2), { name: 'math.nope' }] },
    404,
    'UNKNOWN_TASK',
    'workflow.chain[1].name',
  ],
  [
    'a task that is not exposed',
    { group: [{ name: 'math.hidden' }] },
    404,
    'UNKNOWN_TASK',
    'workflow.group[0].name',
  ],
  ['a task of the library', { name: 'celeriac.collect', args: [1] }, 404, 'UNKNOWN_TASK', 'workflow.name'],
  ['a missing argument', { chain: [add(1), add(2)] }, 400, 'ARG_REQUIRED', 'workflow.chain[0].args[1]'],
  [
    'a wrong argument',
    { group: [{ name: 'math.add', args: [1, '2'] }] },
    400,
    'ARG_TYPE',
    'workflow.group[0].args[1]',
  ],
  [
    'no room for a result',
    { chain: [add(1, 2), add(3, 4)] },
    400,
    'TOO_MANY_ARGUMENTS',
    'workflow.chain[1].args',
  ],
  [
    'a wrong option',
    { chain: [add(1, 2), { ...add(1), options: { priority: 10 } }] },
    400,
    'INVALID_PRIORITY',
    'workflow.chain[1].options.priority',
  ],
  ['unique', { ...add(1, 2), options: { unique: true } }, 400, 'UNKNOWN_PROPERTY', 'workflow.options.unique'],
  [
    'a step after nobody',
    { tasks: { a: add(1, 2), b: { ...add(1), after: 'c' } } },
    400,
    'INVALID_OPTION',
    'workflow.tasks.b.after',
  ],
  ['a wrong name', { tasks: { 'a b': add(1, 2) } }, 400, 'INVALID_OPTION', 'workflow.tasks'],
];

for (const adapter of ADAPTERS)
  describe(`workflows over HTTP on ${adapter}`, () => {
    let database: TestDatabase;
    let http: HttpApplication;
    const submit = (workflow: unknown, options?: object) =>
      http.client.post('/tasks/workflows', { workflow, ...(options && { options }) });
    const graph = async (id: string) => (await http.client.get(`/tasks/workflows/${id}`)).body;

    beforeAll(async () => {
      database = await createDatabase();
      http = await createHttpApplication(adapter, database.url, { providers: [MathTasks] });
      await http.worker.start();
    });
    afterAll(async () => {
      await http.close();
      await database.drop();
    });

    it('runs a chord: a chain of a group and its body', async () => {
      const answer = await submit({ chain: [{ group: [add(1, 2), add(3, 4)] }, { name: 'math.sum' }] });
      expect(answer.status).toBe(202);
      const { id, statusUrl, workflowUrl } = answer.body as Record<string, string>;
      expect(answer.headers.get('location')).toBe(workflowUrl);
      expect(workflowUrl).toBe(`/tasks/workflows/${id}`);
      const record = await http.client.get(`${statusUrl}?wait=10s`);
      expect(record.body).toMatchObject({ state: 'SUCCESS', result: 10, workflowId: id });
      expect(await graph(id!)).toMatchObject({
        id,
        state: 'SUCCESS',
        progress: { total: 3, succeeded: 3, percent: 100 },
        edges: [
          { to: id, kind: 'result' },
          { to: id, kind: 'result' },
        ],
      });
    });

    it('runs named tasks, with options for all', async () => {
      const tasks = { a: add(1, 2), b: { ...add(10), after: 'a' } };
      const { body } = await submit({ tasks }, { tags: { kind: 'graph' }, idempotencyKey: adapter });
      const record = (await http.client.get(`/tasks/${body.id as string}?wait=10s`)).body;
      expect(record).toMatchObject({ result: { b: 13 }, tags: { kind: 'graph' } });
      const again = await submit({ tasks }, { tags: { kind: 'graph' }, idempotencyKey: adapter });
      expect(again.body.id).toBe(body.id);
      const listed = await http.client.get<{ items: { id: string }[] }>('/tasks/workflows?limit=1');
      expect(listed.body.items[0]!.id).toBe(body.id);
    });

    it('resumes, revokes, and passes signals on', async () => {
      broken = true;
      const failed = await submit({ chain: [{ name: 'math.fragile', args: [1] }, add(1)] });
      const id = failed.body.id as string;
      await until('it has failed', async () => (await graph(id)).state === 'FAILURE');
      broken = false;
      expect((await http.client.post(`/tasks/workflows/${id}/resume`)).status).toBe(200);
      await until('it is good', async () => (await graph(id)).state === 'SUCCESS');
      expect((await http.client.post(`/tasks/workflows/${id}/resume`)).status).toBe(409);
      expect((await http.client.post(`/tasks/workflows/${id}/revoke`)).status).toBe(409);

      const waiting = (await submit({ chain: [{ name: 'math.approved', args: [1] }, add(1)] })).body
        .id as string;
      const signal = () => http.client.post(`/tasks/workflows/${waiting}/signals/approval`, { payload: 40 });
      expect((await signal()).status).toBe(200);
      expect((await signal()).body).toMatchObject({ statusCode: 409 });
      expect((await http.client.get(`/tasks/${waiting}?wait=10s`)).body.result).toBe(42);

      const revoked = (await submit({ chain: [{ name: 'math.approved', args: [1] }, add(1)] })).body
        .id as string;
      const answer = await http.client.post(`/tasks/workflows/${revoked}/revoke`, { terminate: true });
      expect(answer.body).toMatchObject({ state: 'REVOKED', progress: { revoked: 2 } });
    });

    for (const [what, workflow, status, code, path] of MISTAKES)
      it(`refuses ${what}`, async () => {
        const answer = await http.client.post('/tasks/workflows', { workflow, options: {} });
        expect(answer.body).toMatchObject({ statusCode: status, code, path });
      });

    it('refuses what is no workflow, and unknown ids', async () => {
      expect((await http.client.post('/tasks/workflows', {})).body.code).toBe('BODY_MUST_BE_OBJECT');
      expect((await http.client.get('/tasks/workflows/x')).body.code).toBe('INVALID_ID');
      expect((await http.client.get('/tasks/workflows?state=x')).body.code).toBe('INVALID_FILTER');
      expect((await http.client.get('/tasks/workflows/01900000-0000-7000-8000-000000000000')).status).toBe(
        404,
      );
      expect(
        (await http.client.get('/tasks/workflows/01900000-0000-7000-8000-000000000000?nodes=-1')).body.code,
      ).toBe('INVALID_PAGE');
    });
  });
