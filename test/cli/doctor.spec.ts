import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { freePort } from '../support/free-port.js';
import { describeUnless } from '../support/prerequisite.js';
import { RedisServer, redisMissing } from '../support/redis-server.js';

const bin = fileURLToPath(new URL('../../dist/tasks/cli/celeriac.js', import.meta.url));

interface Answer {
  readonly code: number;
  readonly output: string;
}

/** `celeriac …`, as a user runs it. */
function celeriac(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Answer> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [bin, ...args],
      { env: { PATH, HOME, ...environment } },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
    );
  });
}

describe('celeriac doctor', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  it('finds that no process has migrated the schema yet, and nothing wrong once one has', async () => {
    const before = await celeriac(['doctor', '--database-url', database.url]);
    expect(before.code).toBe(1);
    expect(before.output).toMatch(/^ok {4}database {3}Postgres \d+/m);
    expect(before.output).toMatch(/^FAIL {2}migrations/m);

    const application = await createApplication(database.url);
    await application.close();
    const after = await celeriac(['doctor'], { DATABASE_URL: database.url });
    expect(after.output).toMatch(/^ok {4}migrations the schema 'celeriac' is up to date$/m);
    expect(after.output).toMatch(/^ok {4}notify/m);
    expect(after.output).toMatch(/^ok {4}clock {6}the database's is \d+ ms/m);
    expect(after.output).toContain('All is well.');
    expect(after.code).toBe(0);
  });

  it('says what cannot be reached, without a password, and exits with 1', async () => {
    const port = await freePort();
    const { code, output } = await celeriac([
      'doctor',
      '--json',
      '--database-url',
      `postgres://ann:hunter2@127.0.0.1:${port}/x`,
      '--broker',
      `amqp://ann:hunter2@127.0.0.1:${port}`,
    ]);
    expect(code).toBe(1);
    expect(output).not.toContain('hunter2');
    const { ok, findings } = JSON.parse(output) as {
      ok: boolean;
      findings: { verdict: string; what: string }[];
    };
    expect(ok).toBe(false);
    const failed = findings.filter(({ verdict }) => verdict === 'failed').map(({ what }) => what);
    expect(failed).toEqual(['database', 'broker']);
  });

  it('explains itself, and a command that is not there', async () => {
    expect((await celeriac(['--help'])).output).toMatch(/doctor .*Checks what tasks need/);
    const unknown = await celeriac(['docter']);
    expect(unknown.code).toBe(2);
    expect(unknown.output).toContain('Did you mean doctor?');
  });

  describeUnless(redisMissing)('with Redis', () => {
    it('finds an evicting policy, with the command that sets it right', async () => {
      const redis = await RedisServer.create({ 'maxmemory-policy': 'allkeys-lru' });
      const args = ['doctor', '--database-url', database.url, '--broker', redis.url];
      const bad = await celeriac(args);
      expect(bad.output).toMatch(/^FAIL {2}broker .*allkeys-lru.*CONFIG SET maxmemory-policy noeviction/m);
      await redis.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      const good = await celeriac(args);
      expect(good.output).toMatch(/^ok {4}broker {5}Redis \d+/m);
      await redis.remove();
    });
  });
});
