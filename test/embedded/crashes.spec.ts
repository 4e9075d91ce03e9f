import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '#dist/tasks/embedded/index.js';
import {
  DatabaseProcess,
  ask,
  keeperOf,
  logOf,
  processes,
  removeWithoutLeaks,
  serverOf,
  temporaryFolder,
  until,
} from './database-process.js';

/** How many processes use the server: their shared locks. */
const USERS = `select count(*)::int as value from pg_locks where locktype = 'advisory' and mode = 'ShareLock'`;

const KEPT = 'select value from kept';

describe('embedded Postgres, when processes are killed', () => {
  const folder = temporaryFolder();
  const directory = join(folder, 'postgres');

  beforeAll(async () => {
    const database = await DatabaseProcess.start(directory);
    await ask(database.url, 'create table kept (value text)');
    await database.release();
  });
  afterAll(() => removeWithoutLeaks(folder));

  /** Not by the pid file: a server that recovers replaces it. */
  const gone = (): boolean => processes(directory).length === 0;

  it('goes on for the second process when its starter is killed, and stops by itself when the second is killed too', async () => {
    const starter = await DatabaseProcess.start(directory);
    const second = await DatabaseProcess.start(directory);
    await ask(starter.url, `insert into kept values ('starter')`);
    await starter.kill();
    await until('the keeper sees one user', async () => (await ask(second.url, USERS))[0] === 1);
    expect(await ask(second.url, KEPT)).toContain('starter');
    await second.kill();
    await until('server and keeper are gone', gone);
    expect(logOf(directory)).toMatch(/database system is shut down\s*$/);
    const next = await DatabaseProcess.start(directory);
    expect(await ask(next.url, KEPT)).toContain('starter');
    await next.release();
  });

  it('goes on without its keeper, gets a new one from the next process and is stopped by it', async () => {
    const first = await DatabaseProcess.start(directory);
    const server = serverOf(directory);
    process.kill(keeperOf(directory), 'SIGKILL');
    const second = await DatabaseProcess.start(directory);
    expect(serverOf(directory)).toBe(server);
    expect(logOf(directory)).toContain(`takes charge of the server with the number ${server}`);
    expect(second.url).toBe(first.url);
    process.kill(keeperOf(directory), 'SIGKILL');
    await first.release();
    expect(await ask(second.url, 'select 1 as value')).toEqual([1]);
    await second.release();
    await until('server and keeper are gone', gone);
  });

  describe('for a process that goes on using it', () => {
    let lines: string[];
    let user: EmbeddedPostgres;

    beforeEach(async () => {
      lines = [];
      user = await startEmbeddedPostgres({ directory, onLog: (line) => lines.push(line) });
    });

    const expectBack = async (): Promise<void> => {
      await until('the user is back', () => lines.includes('the database is back'));
      expect(await ask(user.url, KEPT)).toContain('starter');
      expect(await ask(user.url, USERS)).toEqual([1]);
      await user.release();
      await until('server and keeper are gone', gone);
    };

    it('comes back on the same port when the server is killed', async () => {
      process.kill(serverOf(directory), 'SIGKILL');
      await expectBack();
    });

    it('is brought back on the same port by that process when server and keeper are killed', async () => {
      process.kill(keeperOf(directory), 'SIGKILL');
      process.kill(serverOf(directory), 'SIGKILL');
      await expectBack();
    });

    it('recovers from the crash of a single connection', async () => {
      const server = serverOf(directory);
      const [backend] = await ask<number>(
        user.url,
        `select pid as value from pg_stat_activity where application_name = 'celeriac embedded' limit 1`,
      );
      process.kill(Number(backend), 'SIGKILL');
      await until('the user has heard of it', () =>
        lines.includes('lost the database; waits for it to come back'),
      );
      expect(serverOf(directory)).toBe(server);
      await expectBack();
    });

    it('may be released while it is being brought back', async () => {
      process.kill(serverOf(directory), 'SIGKILL');
      await user.release();
      await until('server and keeper are gone', gone);
    });
  });

  describe('in spite of a stale pid file', () => {
    const startsWith = async (pid: number | undefined): Promise<void> => {
      await until('nothing is left of the test before', gone);
      const rest = `${directory}/data\n1700000000\n5432\n\n127.0.0.1\n  1234 5678\nready   \n`;
      const file = join(directory, 'data/postmaster.pid');
      writeFileSync(file, pid === undefined ? '' : `${pid}\n${rest}`);
      utimesSync(file, 0, 0);
      const user = await DatabaseProcess.start(directory);
      expect(await ask(user.url, KEPT)).toContain('starter');
      await user.release();
      await until('server and keeper are gone', gone);
    };

    it('starts when its number belongs to another program', () => startsWith(process.pid));

    it('starts when it was never written', () => startsWith(undefined));

    it('starts when its number belongs to a zombie, as in a container whose first process does not reap', async () => {
      const parent = spawn('/bin/sh', ['-c', 'exit 0 & echo $!; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
      await startsWith(Number(pid));
      parent.kill('SIGKILL');
    });
  });
});
