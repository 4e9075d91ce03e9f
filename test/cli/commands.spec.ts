import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { Administration } from '#dist/tasks/control/administration.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { celeriac, type CliOptions } from '../support/cli.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';
import { WorkerFleet } from '../support/worker-fleet.js';

describe('celeriac', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let fleet: WorkerFleet;
  let worker: string;

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, {}, { allowUnknownTasks: true });
    fleet = new WorkerFleet(database.sql, { url: database.url, concurrency: 4 });
    const { pid } = await fleet.start();
    const { rows } = await database.sql.query<{ name: string }>(
      `SELECT name FROM celeriac.worker WHERE info->>'pid' = $1`,
      [String(pid)],
    );
    worker = rows[0]!.name;
  });
  afterAll(async () => {
    await fleet.terminate();
    await application.close();
    await database.drop();
  });

  const cli = (line: string, options?: CliOptions) =>
    celeriac([...line.split(' '), '--database-url', database.url], options);
  const json = async <T>(line: string): Promise<T> => JSON.parse((await cli(`${line} --json`)).out) as T;

  it('submits a task without its code, and waits for its result', async () => {
    expect(await cli('call math.add 2 3 --wait')).toEqual({ code: 0, out: '5\n', err: '' });
    expect(await cli('call demo.echo plain -w')).toMatchObject({ code: 0, out: 'plain\n' });
    const { out } = await cli('call math.add -a [20,22] --priority 9 --tag user=42');
    expect(out).toMatch(/^[0-9a-f-]{36}\n$/);
    const record = await json<object>(`result ${out.trim()}`);
    expect(record).toMatchObject({ state: 'SUCCESS', result: 42, priority: 9, tags: { user: '42' } });
  });

  it('knows a task by its name, and suggests one that is near', async () => {
    const { code, err } = await cli('call math.ad 2 3');
    expect(code).toBe(3);
    expect(err).toBe(
      "error: no worker has a task 'math.ad', did you mean 'math.add'? (celeriac list tasks; --force does it all the same)\n",
    );
    const forced = await cli('call math.ad 2 --force');
    expect(forced.code).toBe(0);
    expect((await cli(`revoke ${forced.out.trim()}`)).out).toMatch(/REVOKED math.ad/);
  });

  it('exits by how a task ended', async () => {
    const failed = await cli('call demo.fail broken --wait');
    expect(failed).toMatchObject({ code: 1, out: '' });
    expect(failed.err).toMatch(/^FAILURE [0-9a-f-]{36} in attempt 1: Error: broken\n/);
    expect(await cli('result 01900000-0000-7000-8000-000000000000')).toMatchObject({
      code: 3,
      err: 'error: no task has the id 01900000-0000-7000-8000-000000000000\n',
    });
    expect(await cli('result not-an-id')).toMatchObject({ code: 2 });
    const slow = await cli('call demo.sleep 60000');
    const waited = await cli(`result ${slow.out.trim()} --timeout 100ms`);
    expect(waited).toMatchObject({
      code: 4,
      err: expect.stringMatching(/was still (PENDING|STARTED) after 100 ms/),
    });
    expect(await cli(`result ${slow.out.trim()} --no-wait`)).toMatchObject({
      code: 4,
      out: expect.stringMatching(/^(STARTED|PENDING) demo.sleep in default/),
    });
    expect(await cli(`revoke ${slow.out.trim()} --terminate`)).toMatchObject({ code: 0 });
  });

  it('shows how far a task is on a terminal, and nothing of that in a pipe', async () => {
    const shown = await cli('call demo.progress 4 1000 --wait', { columns: 60, colour: true });
    expect(shown).toMatchObject({ code: 0, out: expect.stringMatching(/\n$/) });
    const lines = shown.out.split('\r\u001b[2K').map((line) => stripVTControlCharacters(line));
    expect(lines).toContain('STARTED  [████████████············]  50% step 2 of 4');
    expect(lines.at(-1)).toBe('4\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
    expect(await cli('call demo.progress 2 5 --wait')).toEqual({ code: 0, out: '2\n', err: '' });
  });

  it('makes failed tasks live again, and says what cannot be done without leaving out the rest', async () => {
    const failed = await cli('call demo.fail once');
    await cli(`result ${failed.out.trim()}`);
    const done = await cli('call math.add 1 1');
    await cli(`result ${done.out.trim()}`);
    const retried = await cli(`retry ${done.out.trim()} ${failed.out.trim()}`);
    expect(retried.code).toBe(1);
    expect(retried.err).toMatch(/is SUCCESS: it cannot be retried/);
    expect(retried.out).toMatch(/(PENDING|STARTED|FAILURE) demo.fail\n$/);
    const { rows } = await database.sql.query(
      `SELECT by FROM celeriac.audit WHERE action = 'retry' AND task_id = $1`,
      [failed.out.trim()],
    );
    expect(rows).toEqual([{ by: 'tester@here' }]);
  });

  it('asks workers and tells them, in tables and as JSON', async () => {
    expect((await cli('inspect ping -t 30s')).out).toBe(`${worker}: OK\n  pong\n`);
    const sleeping = (await cli('call demo.sleep 60000')).out.trim();
    await until('it runs', async () => (await cli('inspect active -t 30s')).out.includes(sleeping));
    const { replies } = await json<{ replies: { value: { id: string }[] }[] }>('inspect active -d * -t 30s');
    expect(replies[0]!.value).toEqual([expect.objectContaining({ id: sleeping })]);
    expect((await cli(`inspect query-task ${sleeping} -t 30s`)).out).toContain('active');
    expect(await cli('control pool-grow 2 -t 30s')).toEqual({
      code: 0,
      out: `${worker}: OK\n  6\n`,
      err: '',
    });
    expect((await cli('control pool_shrink 2 -t 30s')).out).toContain('  4\n');
    const refused = await cli('control pool_restart -t 30s');
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('async pool has no processes') });
    expect(await cli('inspect ping -d nobody -t 30s')).toMatchObject({ code: 3 });
    expect(await cli('control loglevel loud -t 30s')).toMatchObject({
      code: 2,
      err: expect.stringContaining('level: expected one of fatal'),
    });
    await cli(`revoke ${sleeping} --terminate`);
  });

  it('changes limits of tasks', async () => {
    expect(await cli('control rate_limit demo.echo 100/s --burst 5')).toMatchObject({
      code: 0,
      out: 'demo.echo: rate 100, burst 5\n',
    });
    expect((await cli('control time_limit demo.echo 10s 20s')).out).toBe(
      'demo.echo: rate 100, burst 5, softTimeLimitMs 10000, timeLimitMs 20000\n',
    );
    await cli('control time_limit demo.echo default');
    expect((await cli('control rate_limit demo.echo default')).out).toBe('demo.echo: as its code says\n');
  });

  it('shows workers, queues and counts in tables that fit the terminal', async () => {
    await application.tasks.submit('demo.echo', [1], {
      queue: 'with-a-name-that-is-quite-long',
      countdown: '1h',
    });
    const { code, out } = await cli('status', { columns: 80 });
    expect(code).toBe(0);
    expect(out).toMatch(/^WORKER +POOL +RUNS +DONE +FAILED +LAG +MEMORY +UP +QUEUES$/m);
    expect(out).toMatch(new RegExp(`^${worker.slice(0, 5)}\\S* +async +\\d/4 `, 'm'));
    expect(out).toMatch(/^QUEUE +READY +OLDEST +RUN +WORKERS +STATE$/m);
    expect(out).toMatch(/^default +0 +- +0 +1 +open$/m);
    expect(out).toMatch(/SUCCESS \d+/);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('says where tasks wait and nobody listens', async () => {
    await cli(`control cancel_consumer lonely -d ${worker}`);
    const { out } = await cli('call demo.echo 1 -q lonely');
    const status = await cli('status');
    expect(status.out).toMatch(/^lonely +1 +\d+m?s +0 +0 +nobody listens$/m);
    expect(status.err).toContain("tasks wait in 'lonely', and no living worker takes from it");
    const waited = await cli(`result ${out.trim()} -t 50ms`);
    expect(waited.err).toContain("no worker takes from the queue 'lonely'");
    await cli('control add_consumer lonely -t 30s');
    expect(await cli(`result ${out.trim()} -t 10s`)).toMatchObject({ code: 0, out: '1\n' });
  });

  it('lists tasks, queues, workers and what is scheduled', async () => {
    expect((await cli('list tasks')).out).toMatch(/^demo\.progress +default$/m);
    expect(await json<object[]>('list tasks')).toContainEqual({
      name: 'math.add',
      queue: 'default',
      limited: false,
    });
    expect((await cli('list queues')).out).toMatch(/^default +0/m);
    expect((await cli('list workers')).out).toContain(worker);
    const later = (await cli('call demo.echo 1 --countdown 1h')).out.trim();
    expect((await cli('inspect scheduled')).out).toContain(later);
    expect(JSON.parse((await cli('report --json')).out)).toMatchObject({
      node: process.version,
      postgres: expect.any(String),
      workers: [expect.objectContaining({ pool: 'async', broker: 'postgres' })],
    });
    expect((await cli('report')).out).not.toContain(worker);
  });

  it('purges queues, and asks before that', async () => {
    await application.app.get(Administration).pause('default');
    await cli('call demo.echo 1');
    await cli('call demo.echo 2');
    expect(await cli('purge')).toMatchObject({
      code: 2,
      err: 'error: purge: give names of queues, or --all\n',
    });
    expect(await cli('purge defautl -f')).toMatchObject({
      code: 3,
      err: expect.stringContaining("mean 'default'?"),
    });
    expect(await cli('purge default')).toMatchObject({ code: 2, err: expect.stringContaining('--force') });
    expect(await cli('purge default', { yes: true })).toMatchObject({
      code: 0,
      out: 'default: 2 tasks revoked\n',
    });
    expect(await json<object>('purge default -f')).toEqual({ purged: { default: 0 } });
    await application.app.get(Administration).resume('default');
  });

  it('shows what happens as it happens', async () => {
    let heard = '';
    const listening = cli('events --json --task demo.echo --only succeeded -n 1', {
      onOut: (text) => (heard += text),
    });
    await until('it has heard of one', async () => {
      await (await application.tasks.submit('demo.echo', ['hear me'])).get({ timeout: '60s' });
      return heard !== '';
    });
    expect(await listening).toMatchObject({ code: 0 });
    expect(JSON.parse(heard)).toMatchObject({ event: 'succeeded', name: 'demo.echo', worker });
    const stop = new AbortController();
    const until_stopped = cli('events', { interrupted: stop.signal, onOut: () => stop.abort() });
    await until('it shows one', async () => {
      await application.tasks.submit('demo.echo', [1]);
      return stop.signal.aborted;
    });
    expect((await until_stopped).out).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} (submitted|received|started|ended|succeeded)/,
    );
  });

  it('migrates, and says beforehand what there is to do', async () => {
    const empty = await createDatabase();
    // an empty variable, as Compose passes it on
    const migrate = (...args: string[]) =>
      celeriac(['migrate', ...args, '--database-url', empty.url, '--direct-database-url', '']);
    expect(await celeriac(['status', '--database-url', empty.url])).toMatchObject({
      code: 5,
      err: expect.stringContaining('celeriac migrate'),
    });
    const todo = await migrate('--check');
    expect(todo).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^\d+ migrations of the schema 'celeriac' to be done\n$/),
    });
    expect(await migrate()).toMatchObject({ code: 0, out: todo.out.replace('to be done', 'done') });
    expect(await migrate()).toMatchObject({ code: 0, out: "the schema 'celeriac' is up to date\n" });
    expect((await celeriac(['status', '--database-url', empty.url])).code).toBe(0);
    await empty.drop();
  });

  it('explains mistakes in a line, without a stack or a password', async () => {
    const port = await freePort();
    const url = `postgres://ann:hunter2@127.0.0.1:${port}/x`;
    const away = await celeriac(['status', '--database-url', url]);
    expect(away).toEqual({
      code: 5,
      out: '',
      err: `error: the database cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}\n`,
    });
    const asJson = await celeriac(['status', '--json', '--database-url', url]);
    expect(JSON.parse(asJson.err)).toMatchObject({ error: { code: 'STORE_UNAVAILABLE' } });
    expect(await celeriac(['status', '--database-url', 'mysql://x'])).toMatchObject({ code: 2 });
    for (const args of [['status'], ['status', '--database-url', '']])
      expect(await celeriac(args)).toMatchObject({
        code: 2,
        err: expect.stringContaining('give --database-url or set DATABASE_URL'),
      });
    for (const [line, message] of [
      ['statsu', 'Did you mean status?'],
      ['call math.add --prioritty 1', 'Did you mean --priority?'],
      ['inspect actve', 'Did you mean active?'],
      ['call math.add 1 --priority 12', 'priority: expected a whole number from 0 to 9'],
      ['call math.add -a 5', "expected a JSON array, such as '[2, 3]'"],
      ['call math.add 1 --countdown soon', 'countdown: expected'],
      ['inspect scheduled -n abc', 'expected a whole number'],
      ['inspect scheduled -n -1', 'expected a whole number'],
      ['events -n 1.5', 'expected a whole number'],
      [`result ${randomUUID()} -t 30d`, '--timeout: expected at most 24 days'],
      ['events --only succeded', "did you mean 'succeeded'?"],
      ['call a --broker redis://127.0.0.1:1', 'takes its tasks from postgres'],
      ['call a --broker memory://', 'with memory://'],
    ] as const) {
      const { code, err } = await cli(line);
      expect([line, code === 2 || code === 5]).toEqual([line, true]);
      if (code === 2) expect(err).toContain(message);
      expect(err).not.toMatch(/^ +at /m);
    }
  });

  it('starts the worker of an application with the options that follow', async () => {
    const bin = fileURLToPath(new URL('../../dist/tasks/cli/celeriac.js', import.meta.url));
    const { PATH, HOME } = process.env;
    const child = execFile(process.execPath, [bin, 'worker', '-Q', 'mine', '-c', '3'], {
      env: { PATH, HOME, DATABASE_URL: database.url, LOG_LEVEL: 'warn' },
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const found = await until('it is registered', async () => {
      const workers =
        await json<{ pid: number; queues: string[]; concurrency: number; alive: boolean }[]>('list workers');
      return workers.find(({ pid }) => pid === child.pid);
    });
    expect(found).toMatchObject({ queues: ['mine'], concurrency: 3 });
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(await celeriac(['worker', '-A', 'nowhere.js'])).toMatchObject({
      code: 3,
      err: expect.stringContaining('build the application first'),
    });
  });

  it('completes in bash, zsh and fish', async () => {
    const bash = await celeriac(['completion', 'bash']);
    const completed = await new Promise<string>((resolve, reject) => {
      const script = `${bash.out}\nCOMP_WORDS=(celeriac control po); COMP_CWORD=2; _celeriac; echo "\${COMPREPLY[@]}"`;
      execFile('bash', ['-c', script], (error, stdout) => (error ? reject(error) : resolve(stdout)));
    });
    expect(completed).toBe('pool_grow pool_shrink pool_restart\n');
    expect(bash.out).toContain('"schedule"*) words="create change show pause resume run delete --help"');
    expect((await celeriac(['completion', 'zsh'])).out).toMatch(/^autoload -U \+X bashcompinit/);
    expect((await celeriac(['completion', 'fish'])).out).toContain("-a pool_grow -d 'so many tasks");
    expect((await celeriac(['completion', 'powershell'])).code).toBe(2);
  });
});
