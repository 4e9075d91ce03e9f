import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApplicationProcess } from '../support/application-process.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { HttpClient } from '../support/http-client.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';

const ANN = 'key-of-ann-00000001';
const BOB = 'key-of-bob-00000001';
const ADMIN = 'key-of-admin-000001';

describe('the application with API_KEYS, in production and for everybody in the network', () => {
  let folder: ScratchFolder;
  let database: TestDatabase;
  let application: ApplicationProcess;
  let worker: ApplicationProcess;
  let anonymous: HttpClient;

  beforeAll(async () => {
    folder = await createScratchFolder('keys');
    database = await createDatabase();
    const environment = { NODE_ENV: 'production', DATABASE_URL: database.url };
    application = new ApplicationProcess('main', {
      cwd: folder.path,
      environment: {
        ...environment,
        HOST: '0.0.0.0',
        API_KEYS: `submit:ann:${ANN},submit:bob:${BOB},admin:*:${ADMIN}`,
        // matters only without keys
        ALLOW_ANONYMOUS: 'true',
        THROTTLE: '60/1h',
        QUEUE_LIMITS: 'images=2',
        PUBLIC_URL: 'https://example.com/jobs',
      },
    });
    // it serves nobody, so it needs no keys
    worker = new ApplicationProcess('worker', { cwd: folder.path, environment });
    const { port } = new URL(await application.url());
    await worker.says(/takes tasks from/);
    anonymous = new HttpClient(`http://127.0.0.1:${port}`);
  });
  afterAll(async () => {
    await worker.terminate();
    await application.terminate();
    await database.drop();
    await folder.remove();
  });

  it('serves nobody without a key, but its health', async () => {
    for (const path of ['/tasks', '/tasks/01930000-0000-7000-8000-000000000000', '/task-status/1'])
      expect(await anonymous.get(path)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    for (const path of ['/tasks/math.add', '/batch-process'])
      expect(await anonymous.post(path, { args: [1, 2] })).toMatchObject({ status: 401 });
    expect((await anonymous.get('/health/ready')).status).toBe(200);
  });

  it('refuses an upload without a key before it is stored', async () => {
    const form = new FormData();
    form.set('files', new Blob(['hello']), 'a.txt');
    expect((await anonymous.post('/batch-process', form)).status).toBe(401);
    expect(
      await anonymous.as(ANN).with({ 'sec-fetch-site': 'cross-site' }).post('/batch-process', {}),
    ).toMatchObject({
      status: 400,
    });
  });

  it('keeps the batches of two owners apart', async () => {
    const form = new FormData();
    form.set('files', new Blob(['hello world']), 'a.txt');
    const { status, body } = await anonymous.as(ANN).post<{ task_id: string }>('/batch-process', form);
    expect(status).toBe(202);
    expect(await anonymous.as(ANN).get(`/tasks/${body.task_id}?wait=20s`)).toMatchObject({
      body: { state: 'SUCCESS', owner: 'ann' },
    });
    expect(await anonymous.as(ANN).get(`/task-status/${body.task_id}`)).toMatchObject({
      status: 200,
      body: { state: 'SUCCESS' },
    });
    expect((await anonymous.as(ADMIN).get(`/task-status/${body.task_id}`)).status).toBe(200);
    const unknown = '01930000-0000-7000-8000-000000000000';
    const [other, none] = await Promise.all(
      [body.task_id, unknown].map((id) => anonymous.as(BOB).get(`/task-status/${id}`)),
    );
    delete other!.body.requestId;
    delete none!.body.requestId;
    expect(other!.status).toBe(404);
    expect(other!.body).toEqual(none!.body);
  });

  it('puts the public URL into links', async () => {
    const { headers, body } = await anonymous
      .as(ANN)
      .post<{ id: string }>('/tasks/math.add', { args: [1, 2] });
    expect(headers.get('location')).toBe(`https://example.com/jobs/tasks/${body.id}`);
  });

  it('serves its description, which names no task and no key', async () => {
    const { status, body } = await anonymous.get<{ paths: Record<string, unknown> }>('/docs-json');
    expect(status).toBe(200);
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([
        '/tasks/{name}',
        '/tasks/{id}/events',
        '/batch-process',
        '/task-status/{id}',
        '/health/ready',
      ]),
    );
    expect(JSON.stringify(body)).not.toMatch(/crawler|email\.send|key-of/);
    const page = await fetch(`${await application.url()}/docs`.replace('0.0.0.0', '127.0.0.1'));
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^text\/html/),
    ]);
  });

  it('refuses what is over the limit of a queue, and too many requests', async () => {
    const one = { name: 'math.add', args: [1, 2], options: { queue: 'images' } };
    const full = await anonymous.as(ANN).post('/tasks/bulk', { tasks: [one, one, one] });
    expect(full).toMatchObject({ status: 429, body: { code: 'QUEUE_FULL' } });
    expect(full.headers.get('retry-after')).toBe('2');
    expect((await anonymous.as(ANN).post('/tasks/bulk', { tasks: [one, one] })).status).toBe(202);
    let throttled = await anonymous.as(ANN).get('/task-status/1');
    for (let i = 0; i < 80 && throttled.status !== 429; i++)
      throttled = await anonymous.as(ANN).get('/task-status/1');
    expect(throttled).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } });
    expect(Number(throttled.headers.get('retry-after'))).toBeGreaterThan(60);
    expect((await anonymous.get('/health/live')).status).toBe(200);
  });

  it('shows no key in what it says', () => {
    expect(application.output).toMatch(/access +3 keys/);
    for (const key of [ANN, BOB, ADMIN]) expect(application.output).not.toContain(key);
  });
});
