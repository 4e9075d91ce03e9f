import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { ApplicationProcess } from '../support/application-process.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { createScratchFolder, type ScratchFolder } from '../support/scratch-folder.js';

const PASSWORD = 'not-to-be-shown';

// an unreachable database is tried for half a minute
describe('a mistake in the environment', () => {
  let folder: ScratchFolder;
  let database: TestDatabase;
  let other: Server;
  /** They take longest, so they begin first. */
  let unreachable: ApplicationProcess[];

  beforeAll(async () => {
    folder = await createScratchFolder('environment');
    database = await createDatabase();
    other = createServer().listen(0, '127.0.0.1');
    // a port that was free a moment ago
    const closed = createServer().listen(0, '127.0.0.1');
    await Promise.all([once(other, 'listening'), once(closed, 'listening')]);
    const DATABASE_URL = `postgres://someone:${PASSWORD}@localhost:${portOf(closed)}/app`;
    closed.close();
    unreachable = (['main', 'worker'] as const).map(
      (entry) => new ApplicationProcess(entry, { cwd: folder.path, environment: { DATABASE_URL } }),
    );
  });
  afterAll(async () => {
    other.close();
    await database.drop();
    await folder.remove();
  });

  const portOf = (server: Server) => String((server.address() as AddressInfo).port);

  /** What a process says that must not start. */
  async function refusal(
    environment: NodeJS.ProcessEnv,
    { entry = 'main', args = [] }: { entry?: 'main' | 'worker'; args?: string[] } = {},
  ): Promise<string> {
    return lastWords(new ApplicationProcess(entry, { cwd: folder.path, environment, args }));
  }

  async function lastWords(process: ApplicationProcess): Promise<string> {
    expect(await process.ended()).toBe(1);
    expect(process.output).not.toContain(PASSWORD);
    expect(process.output).not.toMatch(/^ +at /m);
    return process.output;
  }

  /** The lines below the headline: all there is to read. */
  async function mistakes(environment: NodeJS.ProcessEnv): Promise<string[]> {
    const [headline, ...lines] = (await refusal(environment)).trimEnd().split('\n');
    expect(headline).toBe('The environment is not right:');
    return lines.map((line) => line.trim());
  }

  it('is said by the name of the variable and what was expected, and nothing else', async () => {
    expect(await mistakes({ PORT: 'abc' })).toEqual(['PORT: expected a port number']);
    expect(await mistakes({ DATABASE_URL: `nonsense-${PASSWORD}` })).toEqual([
      'DATABASE_URL: expected a URL that starts with postgres:// or postgresql://',
    ]);
    expect(await mistakes({ DATABASE_URL: `mysql://u:${PASSWORD}@h/d`, CONCURRENCY: '0' })).toEqual([
      'DATABASE_URL: expected a URL that starts with postgres:// or postgresql://',
      'CONCURRENCY: expected a whole number',
    ]);
  });

  it('is to serve others without keys, or without saying that anybody may submit tasks', async () => {
    for (const environment of [
      { HOST: '0.0.0.0' },
      { HOST: '::' },
      { NODE_ENV: 'production', DATABASE_URL: database.url },
    ]) {
      const [line, ...more] = await mistakes(environment);
      expect(line).toMatch(/^API_KEYS: .*HOST.*Set API_KEYS=role:owner:key,… or, .*ALLOW_ANONYMOUS=true/);
      expect(more).toEqual([]);
    }
  });

  it('is in API_KEYS, THROTTLE or QUEUE_LIMITS: said without the keys', async () => {
    const good = 'submit:shop:0123456789abcdef';
    for (const [keys, message] of [
      [`root:*:${PASSWORD}`, /^API_KEYS: keys\[0\]\.role: expected submit, read, metrics, admin/],
      [`${good},admin:a b:${PASSWORD}`, /^API_KEYS: keys\[1\]\.owner: /],
      [`${good},admin:*:short`, /^API_KEYS: keys\[1\]\.key: expected at least 16 characters/],
      [PASSWORD, /^API_KEYS: keys\[0\]\.role/],
    ] as const) {
      const [line, ...more] = await mistakes({ API_KEYS: keys });
      expect(line).toMatch(message);
      expect(more).toEqual([]);
    }
    expect(await mistakes({ THROTTLE: 'fast', QUEUE_LIMITS: 'images' })).toEqual([
      "THROTTLE: expected requests and a time, such as '100/10s'",
      "QUEUE_LIMITS: expected queues and numbers, such as 'images=10000,email=5000'",
    ]);
  });

  it('is production without a database of its own', async () => {
    expect(await mistakes({ NODE_ENV: 'production', ALLOW_ANONYMOUS: 'true' })).toEqual([
      'DATABASE_URL: needed in production; the embedded database is for development',
    ]);
  });

  it('is a port that is taken: the last words name it', async () => {
    const port = portOf(other);
    const output = await refusal({ PORT: port, DATABASE_URL: database.url });
    expect(output).toMatch(
      new RegExp(`\nCeleriac cannot start:\n  PORT: .* 127\\.0\\.0\\.1:${port}\\. .*set PORT to another`),
    );
    // its inline worker had begun: it has left instead of waiting to be missed
    const { rows } = await database.sql.query<{ n: string }>(
      'SELECT count(*) AS n FROM celeriac.worker WHERE dead_at IS NULL AND lease_until > clock_timestamp()',
    );
    expect(rows).toEqual([{ n: '0' }]);
  });

  it('is a wrong password or database: said at once, with the URL but not the password', async () => {
    const since = performance.now();
    const unknown = new URL(database.url);
    unknown.pathname = '/there_is_no_such_database';
    const wrong = new URL(database.url);
    wrong.password = PASSWORD;
    for (const url of [unknown, wrong]) {
      const output = await refusal({ DATABASE_URL: url.toString() });
      expect(output).toMatch(
        /\nCeleriac cannot start:\n {2}DATABASE_URL: postgres:\/\/\w+:\*\*\*@\S+ refuses \(.*\)\. Correct the user, password or database/,
      );
      expect(output).not.toContain(new URL(database.url).password);
    }
    expect(performance.now() - since).toBeLessThan(25_000);
  });

  it('is a database that stays unreachable: said at the end, by the API and by a worker', async () => {
    const outputs = await Promise.all(unreachable.map((process) => lastWords(process)));
    for (const output of outputs)
      expect(output).toMatch(
        /\nCeleriac cannot start:\n {2}DATABASE_URL: postgres:\/\/someone:\*\*\*@localhost:\d+\/app cannot be reached \(connect ECONNREFUSED .*\)\. Start that database, or correct the URL; without DATABASE_URL an embedded/,
      );
  });

  it('is a wrong argument of the worker: said in its words', async () => {
    const worker = { entry: 'worker' } as const;
    const environment = { DATABASE_URL: database.url };
    expect(await refusal(environment, { ...worker, args: ['-c', 'many'] })).toContain(
      "'-c, --concurrency <n>' argument 'many' is invalid",
    );
    expect(await refusal(environment, { ...worker, args: ['-Q', 'a b'] })).toContain('QUEUES (-Q): ');
    expect(await refusal(environment, { ...worker, args: ['--qeues', 'a'] })).toMatch(
      /unknown option '--qeues'\n\(Did you mean --queues\?\)\n\(--help tells/,
    );
  });
});
