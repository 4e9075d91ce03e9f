import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApplicationProcess } from '../support/application-process.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { EventStream } from '../support/event-stream.js';
import { freePort } from '../support/free-port.js';
import { HttpClient } from '../support/http-client.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';
import { until } from '../support/until.js';

describe('the application that is told to stop', () => {
  let folder: ScratchFolder;
  let database: TestDatabase;

  beforeAll(async () => {
    folder = await createScratchFolder('shutdown');
    database = await createDatabase();
  });
  afterAll(async () => {
    await database.drop();
    await folder.remove();
  });

  const start = (url = database.url) =>
    new ApplicationProcess('main', { cwd: folder.path, environment: { DATABASE_URL: url } });
  const submit = (client: HttpClient, name: string, args: unknown[], options = {}) =>
    client.post<{ id: string; code?: string }>(`/tasks/${name}`, { args, options });

  it('refuses what is new while it finishes what runs, and answers questions', async () => {
    const application = start();
    const client = new HttpClient(await application.url());
    const running = (await submit(client, 'demo.sleep', [8000])).body.id;
    await until('it runs', async () => (await client.get(`/tasks/${running}`)).body.state === 'STARTED');
    const stopped = application.terminate();
    const refused = await until('it refuses', async () => {
      const answer = await submit(client, 'math.add', [1, 2]);
      return answer.status === 202 ? undefined : answer;
    });
    expect(refused).toMatchObject({ status: 503, body: { statusCode: 503, code: 'SHUTTING_DOWN' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await client.post('/batch-process', { paths: ['a.txt'] })).toMatchObject({
      status: 503,
      body: { code: 'SHUTTING_DOWN' },
    });
    expect((await client.get('/health/ready')).status).toBe(503);
    expect((await client.get('/health/live')).status).toBe(200);
    expect(await client.get(`/tasks/${running}`)).toMatchObject({ status: 200, body: { state: 'STARTED' } });
    expect(await stopped).toBe(0);
    const { rows } = await database.sql.query('SELECT state FROM celeriac.task_done WHERE id = $1', [
      running,
    ]);
    expect(rows).toEqual([{ state: 'SUCCESS' }]);
  });

  it('ends at once, and in good order, while it starts', async () => {
    const application = start(`postgres://nobody@127.0.0.1:${await freePort()}/nothing`);
    await application.says(/Unable to connect to the database/);
    expect(await application.terminate()).toBe(0);
    expect(application.output).not.toContain('cannot start');
  });

  it('is not held up by those who wait and listen', async () => {
    const application = start();
    const url = await application.url();
    const client = new HttpClient(url);
    const { id } = (await submit(client, 'math.add', [1, 2], { countdown: '1h' })).body;
    const stream = await EventStream.open(`${url}/tasks/${id}/events`);
    const wait = client.get(`/tasks/${id}?wait=60s`);
    await until('it is heard', () => stream.events.length === 1);
    const since = performance.now();
    expect(await application.terminate()).toBe(0);
    expect(performance.now() - since).toBeLessThan(8000);
    expect(await stream.all()).toHaveLength(1);
    expect(await wait).toMatchObject({ status: 200, body: { state: 'PENDING' } });
  });
});
