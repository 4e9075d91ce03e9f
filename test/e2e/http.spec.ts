import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApplicationProcess } from '../support/application-process.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { HttpClient } from '../support/http-client.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';

interface ErrorAnswer {
  statusCode: number;
  code: string;
  message: string;
  path?: string;
  /** Another one for every answer, for the log. */
  requestId?: string;
}

describe('the HTTP API of the running application', () => {
  let folder: ScratchFolder;
  let database: TestDatabase;
  let application: ApplicationProcess;
  let client: HttpClient;

  beforeAll(async () => {
    folder = await createScratchFolder('http');
    database = await createDatabase();
    application = new ApplicationProcess('main', {
      cwd: folder.path,
      environment: { DATABASE_URL: database.url, WORKER: 'inline' },
    });
    client = new HttpClient(await application.url());
  });
  afterAll(async () => {
    await application.terminate();
    await database.drop();
    await folder.remove();
  });

  const submit = (
    name: string,
    args: unknown[],
    options: object = {},
    headers: Record<string, string> = {},
  ) => client.post<{ id: string; statusUrl: string }>(`/tasks/${name}`, { args, options }, headers);

  it('accepts a task with its record and the address of its status', async () => {
    const { status, headers, body } = await submit('demo.echo', [{ a: [1, null, 'ü'] }], {
      countdown: '1h',
      priority: 3,
      tags: { user: '42' },
    });
    expect(status).toBe(202);
    expect(body).toMatchObject({
      name: 'demo.echo',
      queue: 'default',
      state: 'PENDING',
      args: [{ a: [1, null, 'ü'] }],
      result: null,
      error: null,
      progress: null,
      attempt: 0,
      priority: 3,
      tags: { user: '42' },
      statusUrl: `/tasks/${body.id}`,
    });
    expect(headers.get('location')).toBe(body.statusUrl);
    expect(await client.get(body.statusUrl)).toMatchObject({ status: 200, body: { id: body.id } });
  });

  it('answers an unknown task and one that is not exposed with the same words', async () => {
    const [unknown, hidden] = await Promise.all(
      ['batch.nothing', 'batch.process'].map(async (name) => {
        const { status, body } = await client.post<ErrorAnswer>(`/tasks/${name}`, { args: [] });
        delete body.requestId;
        return { status, body: JSON.stringify(body).replaceAll(name, '(name)') };
      }),
    );
    expect(hidden).toEqual(unknown);
    expect(unknown).toMatchObject({ status: 404 });
    expect(JSON.parse(unknown!.body)).toMatchObject({ statusCode: 404, code: 'UNKNOWN_TASK' });
  });

  it.each<[what: string, body: unknown, code: RegExp, path: RegExp]>([
    ['malformed JSON', '{"args":[1,', /^INVALID_JSON$/, /^$/],
    ['an array', [], /^BODY_MUST_BE_OBJECT$/, /^body$/],
    ['arguments that are no array', { args: 5 }, /^ARG_TYPE$/, /^args$/],
    ['too many arguments', { args: [1, 2, 3] }, /^TOO_MANY_ARGUMENTS$/, /^args$/],
    ['a text for a number', { args: [1, '2'] }, /^ARG_TYPE$/, /^args\[1\]$/],
    ['an unknown property', { argz: [1, 2] }, /^UNKNOWN_PROPERTY$/, /argz$/],
    [
      'an option that only the application sets',
      { args: [1, 2], options: { owner: 'ann' } },
      /^UNKNOWN_PROPERTY$/,
      /^options\.owner$/,
    ],
    ['a priority of 10', { args: [1, 2], options: { priority: 10 } }, /^INVALID_PRIORITY$/, /priority$/],
    ['a negative delay', { args: [1, 2], options: { countdown: -1 } }, /^INVALID_DELAY$/, /countdown$/],
    [
      'a time without a zone',
      { args: [1, 2], options: { eta: '2030-01-31T09:00' } },
      /^INVALID_DATE$/,
      /eta$/,
    ],
    [
      'an end before the start',
      { args: [1, 2], options: { countdown: '2s', expires: '1s' } },
      /^EXPIRES_BEFORE_ETA$/,
      /expires$/,
    ],
  ])('refuses %s with 400 and says where and what was expected', async (_what, body, code, path) => {
    const { status, body: error } = await client.post<ErrorAnswer>('/tasks/math.add', body);
    expect(status).toBe(400);
    const { path: where = '', requestId: _requestId, ...rest } = error;
    expect(rest).toEqual({
      statusCode: 400,
      code: expect.stringMatching(code),
      message: expect.stringMatching(/\w+/),
    });
    expect(where).toMatch(path);
  });

  it('refuses a character that Postgres cannot store, wherever it is', async () => {
    expect(await submit('demo.echo', [{ list: ['a', 'b\0c'] }])).toMatchObject({
      status: 400,
      body: { code: 'NUL_CHARACTER', path: 'args[0].list[1]' },
    });
  });

  it('refuses an id that is none with 400, and does not know one that was never given', async () => {
    expect(await client.get('/tasks/17')).toMatchObject({
      status: 400,
      body: { statusCode: 400, code: 'INVALID_ID', path: 'id' },
    });
    expect(await client.get('/tasks/01930000-0000-7000-8000-000000000000?wait=5s')).toMatchObject({
      status: 404,
      body: { statusCode: 404, code: 'TASK_NOT_FOUND' },
    });
  });

  it('gives the same task to the same key and body, and a conflict to another body', async () => {
    const key = { 'idempotency-key': 'order-17' };
    const first = await submit('math.add', [20, 22], {}, key);
    const second = await submit('math.add', [20, 22], {}, key);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body.id).toBe(first.body.id);
    expect(await submit('math.add', [1, 1], {}, key)).toMatchObject({
      status: 409,
      body: { statusCode: 409, code: 'IDEMPOTENCY_CONFLICT' },
    });
    // a key belongs to one task name
    expect((await submit('demo.echo', [1], {}, key)).status).toBe(202);

    const together = await Promise.all(
      Array.from({ length: 20 }, () => submit('math.add', [1, 2], {}, { 'idempotency-key': 'at-once' })),
    );
    expect(new Set(together.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    expect(await client.get(`/tasks/${first.body.id}?wait=10s`)).toMatchObject({
      body: { state: 'SUCCESS', result: 42, attempt: 1, idempotencyKey: 'order-17' },
    });
  });

  it('holds ?wait= until the task ends', async () => {
    const { body } = await submit('demo.sleep', [2000]);
    const since = performance.now();
    const waited = await client.get(`${body.statusUrl}?wait=30s`);
    const ms = performance.now() - since;
    expect(waited).toMatchObject({ status: 200, body: { state: 'SUCCESS', result: 2000 } });
    expect(ms).toBeGreaterThan(250);
    expect(ms).toBeLessThan(5000);
    // of a task that has ended, it does not hold at all
    const again = performance.now();
    await client.get(`${body.statusUrl}?wait=30s`);
    expect(performance.now() - again).toBeLessThan(1000);
  });

  it('answers ?wait= with the record as it is when the time is over', async () => {
    const { body } = await submit('math.add', [1, 2], { countdown: '1h' });
    const since = performance.now();
    const waited = await client.get(`${body.statusUrl}?wait=700`);
    const ms = performance.now() - since;
    expect(waited).toMatchObject({ status: 200, body: { state: 'PENDING', result: null } });
    expect(ms).toBeGreaterThanOrEqual(690);
    expect(ms).toBeLessThan(3000);
  });

  it('shows the error of a task that failed, and how often it was tried', async () => {
    const failed = await submit('demo.fail', ['no such thing']);
    expect(await client.get(`${failed.body.statusUrl}?wait=10s`)).toMatchObject({
      status: 200,
      body: {
        state: 'FAILURE',
        result: null,
        error: { name: 'Error', message: 'no such thing' },
        attempt: 1,
      },
    });
    const flaky = await submit('demo.flaky', [2]);
    expect(await client.get(`${flaky.body.statusUrl}?wait=10s`)).toMatchObject({
      body: { state: 'SUCCESS', result: 3, attempt: 3, retries: 2 },
    });
  });

  it('says that it lives and that it is ready', async () => {
    for (const path of ['/health', '/health/live', '/health/ready'])
      expect(await client.get(path)).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it('answers a route that is not there in the shape of every error', async () => {
    expect(await client.get('/nothing/here')).toMatchObject({
      status: 404,
      body: { statusCode: 404, code: 'NOT_FOUND' },
    });
  });
});
