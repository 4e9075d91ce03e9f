import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Task, TasksModule, TaskService, Worker } from '#dist/tasks/index.js';
import { cloneable } from '#dist/tasks/execution/heartbeat.js';
import { createApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { PoolWorkers } from '../support/pool-worker.js';
import { createScratchFolder } from '../support/scratch-folder.js';
import { until } from '../support/until.js';

@Injectable()
class EchoTasks {
  @Task()
  echo(text: string): string {
    return text;
  }
}

it('the key of a client certificate, which pg hides, reaches threads and children', async () => {
  const ssl = {
    ca: 'an authority',
    cert: 'a certificate',
    key: 'a key',
    checkServerIdentity: () => undefined,
  };
  Object.defineProperty(ssl, 'key', { enumerable: false });
  expect(await cloneable({ host: 'db', ssl })).toEqual({
    host: 'db',
    ssl: { ca: 'an authority', cert: 'a certificate', key: 'a key' },
  });
});

describe('a database whose password is given out for a time', () => {
  const role = `rotating_${process.pid}`;
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase();
    await database.sql.query(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'first'`);
  });
  afterEach(async () => {
    await database.sql.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await database.drop();
  });

  /** Resolves when all workers were heard of, under the names they had, for longer than a lease after that. */
  const keepTheirLeases = async (change: () => Promise<unknown>) => {
    const ids = async () =>
      (
        await database.sql.query<{ id: string }>(
          'SELECT id FROM celeriac.worker WHERE dead_at IS NULL ORDER BY id',
        )
      ).rows;
    const before = await ids();
    await change();
    await database.sql.query(`ALTER ROLE ${role} PASSWORD 'second'`);
    await database.sql.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [
      role,
    ]);
    const broken = Date.now();
    await until('all were heard of for longer than a lease since', async () => {
      const { rows } = await database.sql.query<{ until: Date; dead: boolean }>(
        'SELECT lease_until AS until, dead_at IS NOT NULL AS dead FROM celeriac.worker',
      );
      if (rows.some((row) => row.dead)) throw new Error('one lost its lease');
      return rows.every((row) => row.until.getTime() > broken + 9000);
    });
    expect(await ids()).toEqual(before);
    return before.length;
  };

  it('keeps the lease of a worker whose connections broke after the password had changed', async () => {
    let password = 'first';
    const { hostname, port, pathname } = new URL(database.url);
    @Module({
      imports: [
        TypeOrmModule.forRoot({
          type: 'postgres',
          host: hostname,
          port: Number(port),
          database: pathname.slice(1),
          username: role,
          password: () => password,
        }),
        TasksModule.forRoot({ lease: '6s' }),
      ],
      providers: [EchoTasks],
    })
    class RotatingModule {}
    const app = await NestFactory.createApplicationContext(RotatingModule, { logger: false });
    const worker = app.get(Worker);
    try {
      await worker.start();
      expect(await keepTheirLeases(async () => (password = 'second'))).toBe(1);
      const handle = await app.get(TaskService).of(EchoTasks).echo.delay('still here');
      expect(await handle.get({ timeout: '60s' })).toBe('still here');
    } finally {
      await worker.stop(0);
      await app.close();
    }
  });

  it('keeps the leases of a supervisor and its child, which alone knows the password', async () => {
    const folder = await createScratchFolder('password');
    const file = join(folder.path, 'password');
    await writeFile(file, 'first');
    const url = new URL(database.url);
    url.username = role;
    url.password = '';
    const application = await createApplication(database.url, {}, { allowUnknownTasks: true });
    const workers = await PoolWorkers.create(url.href, database.sql);
    try {
      await workers.start(['-P', 'prefork', '-c', '1'], 1, { PASSWORD_FILE: file, LEASE: '6s' });
      expect(await keepTheirLeases(() => writeFile(file, 'second'))).toBe(2);
      const handle = await application.tasks.submit('pool.pid', []);
      expect(await handle.get({ timeout: '60s' })).toEqual(expect.any(Number));
    } finally {
      await workers.remove();
      await application.close();
      await folder.remove();
    }
  });
});
