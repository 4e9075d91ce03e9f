import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from 'pg';
import { PostgresServer } from '#dist/tasks/embedded/index.js';
import { ask, isRunning, processes, removeWithoutLeaks, temporaryFolder, until } from './database-process.js';

describe('PostgresServer', () => {
  const folder = temporaryFolder();
  const directory = join(folder, 'postgres');
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.create({ directory, settings: { work_mem: '7MB' } });
  });
  afterAll(async () => {
    await server.stop();
    await removeWithoutLeaks(folder);
  });

  it('has no URL before its first start', () => {
    expect(() => server.url).toThrow(/start\(\) first/);
    expect(server.pid).toBeUndefined();
  });

  it('starts with the given settings, and starting it twice changes nothing', async () => {
    await server.start();
    const { pid, url } = server;
    await server.start();
    expect({ pid: server.pid, url: server.url }).toEqual({ pid, url });
    expect(await ask(url, `select current_setting('work_mem') as value`)).toEqual(['7MB']);
    await ask(url, 'create table kept as select 1 as value');
  });

  it('stops cleanly, twice too, and starts again on the same port', async () => {
    const { url } = server;
    await server.stop();
    await server.stop();
    expect(isRunning(directory)).toBe(false);
    expect(server.pid).toBeUndefined();
    await server.start();
    expect(server.url).toBe(url);
    expect(await ask(url, 'select value from kept')).toEqual([1]);
  });

  it('starts again at once after it was killed in the middle of work, with everything that was committed', async () => {
    const busy = new Client({ connectionString: server.url });
    busy.on('error', () => undefined);
    await busy.connect();
    const work = busy.query('select count(*) from generate_series(1, 1e12)').catch((error: Error) => error);
    const active = `select count(*)::int as value from pg_stat_activity where query like '%1e12%' and state = 'active'
      and pid <> pg_backend_pid()`;
    await until('the work has begun', async () => (await ask(server.url, active))[0] === 1);
    await ask(server.url, 'insert into kept values (2)');
    await server.kill();
    expect(await work).toBeInstanceOf(Error);
    await server.start();
    expect(await ask(server.url, 'select value from kept order by 1')).toEqual([1, 2]);
    expect(processes(directory, '-p').length).toBe(1);
  });

  it('refuses data on which another server runs', async () => {
    const other = await PostgresServer.create({ directory });
    await expect(other.start()).rejects.toThrow(`another Postgres runs on ${directory}/data`);
  });

  it('recovers after an immediate stop', async () => {
    await ask(server.url, 'insert into kept values (3)');
    await server.stop('immediate');
    await server.start();
    expect(await ask(server.url, 'select value from kept order by 1')).toEqual([1, 2, 3]);
  });

  it('refuses a port that was asked for and is taken', async () => {
    await server.stop();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const taken = await PostgresServer.create({ directory, port });
    await expect(taken.start()).rejects.toThrow(new RegExp(`port ${port}.*Address already in use`, 's'));
    other.close();
    await taken.start();
    expect(new URL(taken.url).port).toBe(String(port));
    await taken.stop();
  });
});
