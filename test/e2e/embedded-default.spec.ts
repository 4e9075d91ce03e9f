import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ApplicationProcess, type ApplicationProcessOptions } from '../support/application-process.js';
import { HttpClient } from '../support/http-client.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';

/** What is asked of a record here. */
interface Answer {
  id: string;
  state: string;
  result: unknown;
  worker: string | null;
}

// each test starts processes, and a database that is created, started and stopped
describe('the application without a DATABASE_URL', () => {
  let folder: ScratchFolder;
  let started: ApplicationProcess[] = [];

  beforeAll(async () => {
    folder = await createScratchFolder('embedded-default');
  });
  afterAll(async () => {
    await Promise.all(started.map((process) => process.terminate()));
    await folder.remove();
  });

  function start(
    entry: 'main' | 'worker',
    options: Omit<ApplicationProcessOptions, 'cwd'> = {},
  ): ApplicationProcess {
    const process = new ApplicationProcess(entry, { cwd: folder.path, ...options });
    started.push(process);
    return process;
  }

  const stopAll = async () => {
    const codes = await Promise.all(started.map((process) => process.terminate()));
    started = [];
    return codes;
  };

  const data = () => join(folder.path, '.celeriac/postgres/data');
  const isThere = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    );

  it('says in its banner where everything is, without the password of the database', async () => {
    const main = start('main');
    const url = await main.url();
    expect(main.output).not.toMatch(/:\/\/[^\s:@/]*:(?!\*\*\*@)[^\s@/]*@/);
    const banner = main.output.slice(main.output.indexOf('Celeriac is ready.'));
    expect(banner).toMatch(/database +postgres:\/\/\w+:\*\*\*@127\.0\.0\.1:\d+\/celeriac \(embedded\)/);
    expect(banner).toMatch(/broker +the database/);
    expect(banner).toMatch(/worker +in this process, 10 at once/);
    expect(banner).toMatch(/queues +default/);
    expect(banner).toMatch(/tasks +.*batch\.process.*demo\.sleep.*math\.add/);
    expect(banner).toContain(`${url}/tasks  ${url}/batch-process  ${url}/docs  ${url}/health`);
  });

  it('prints a curl line that works as it is, and the task it submits gives 5', async () => {
    const [main] = started;
    const line = (await main!.says(/^ *(curl .*)$/m))[1]!;
    const said = await promisify(execFile)('sh', ['-c', `${line} -w '\\n%{http_code}'`]);
    const [body, status] = said.stdout.split('\n');
    expect(status).toBe('202');
    const record = JSON.parse(body!) as Answer & { statusUrl: string };
    expect(record).toMatchObject({ name: 'math.add', args: [2, 3] });

    const answer = await new HttpClient(await main!.url()).get<Answer>(`${record.statusUrl}?wait=10s`);
    expect(answer).toMatchObject({ status: 200, body: { id: record.id, state: 'SUCCESS', result: 5 } });
  });

  it('ends with exit code 0 on SIGTERM and, as the last user, stops Postgres', async () => {
    expect(await isThere(join(data(), 'postmaster.pid'))).toBe(true);
    expect(await stopAll()).toEqual([0]);
    expect(await isThere(join(data(), 'postmaster.pid'))).toBe(false);
  });

  it('leaves the tasks to a worker process that shares the database; all records outlive all processes', async () => {
    const main = start('main', { environment: { WORKER: 'none' } });
    const client = new HttpClient(await main.url());
    expect(main.output).toMatch(/worker +none here/);
    const ids: string[] = [];
    for (let i = 0; i < 10; i++) {
      const { status, body } = await client.post<Answer>('/tasks/math.add', { args: [i, 1] });
      expect(status).toBe(202);
      ids.push(body.id);
    }
    expect(await client.get(`/tasks/${ids[0]}?wait=1s`)).toMatchObject({ body: { state: 'PENDING' } });

    const worker = start('worker', { args: ['-Q', 'default', '-c', '4'] });
    await worker.says(/takes tasks from default, 4 at once/);
    const records = await Promise.all(ids.map((id) => client.get<Answer>(`/tasks/${id}?wait=20s`)));
    expect(records.map(({ body }) => [body.state, body.result, body.worker])).toEqual(
      ids.map((_, i) => ['SUCCESS', i + 1, `${hostname()}-${worker.pid}`]),
    );

    expect(await worker.terminate()).toBe(0);
    // the API still uses the database
    expect(await isThere(join(data(), 'postmaster.pid'))).toBe(true);
    expect(await client.get(`/tasks/${ids[0]}`)).toMatchObject({ status: 200 });
    expect(await main.terminate()).toBe(0);
    expect(await isThere(join(data(), 'postmaster.pid'))).toBe(false);
    // on a slow machine a loop may stand still, which is told
    for (const { output } of [main, worker])
      expect(output.replaceAll(/^.*event loop stood still.*$/gm, '')).not.toMatch(/WARN|ERROR/);

    const again = new HttpClient(await start('main').url());
    for (const { body } of records)
      expect(await again.get(`/tasks/${body.id}`)).toMatchObject({ status: 200, body });
    expect(await stopAll()).toEqual([0, 0, 0]);
  });

  it('runs a task that was submitted before everything stopped, once a worker is there again', async () => {
    const main = start('main', { environment: { WORKER: 'none' } });
    const submitted = await new HttpClient(await main.url()).post<Answer>('/tasks/demo.echo', {
      args: ['late'],
    });
    await stopAll();

    const client = new HttpClient(await start('main').url());
    const { body } = await client.get<Answer>(`/tasks/${submitted.body.id}?wait=20s`);
    expect(body).toMatchObject({ state: 'SUCCESS', result: 'late' });
    await stopAll();
  });
});
