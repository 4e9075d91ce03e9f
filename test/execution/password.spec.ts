import { describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Task, TasksModule, TaskService, Worker } from '#dist/tasks/index.js';
import { createDatabase } from '../support/database.js';
import { until } from '../support/until.js';

@Injectable()
class EchoTasks {
  @Task()
  echo(text: string): string {
    return text;
  }
}

describe('a database whose password is given out for a time', () => {
  it('keeps the lease of a worker whose connections broke after the password had changed', async () => {
    const database = await createDatabase();
    const role = `rotating_${process.pid}`;
    await database.sql.query(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'first'`);
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
        TasksModule.forRoot({ lease: '2s' }),
      ],
      providers: [EchoTasks],
    })
    class RotatingModule {}
    const app = await NestFactory.createApplicationContext(RotatingModule, { logger: false });
    const worker = app.get(Worker);
    try {
      await worker.start();
      const { id } = worker;
      password = 'second';
      await database.sql.query(`ALTER ROLE ${role} PASSWORD 'second'`);
      await database.sql.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [
        role,
      ]);
      const broken = Date.now();
      await until('it was heard of for longer than a lease since', async () => {
        const { rows } = await database.sql.query<{ until: Date; dead: boolean }>(
          'SELECT lease_until AS until, dead_at IS NOT NULL AS dead FROM celeriac.worker WHERE id = $1',
          [id],
        );
        if (rows[0]!.dead) throw new Error('it lost its lease');
        return rows[0]!.until.getTime() > broken + 5000;
      });
      expect(worker.id).toBe(id);
      const handle = await app.get(TaskService).of(EchoTasks).echo.delay('still here');
      expect(await handle.get({ timeout: '10s' })).toBe('still here');
    } finally {
      await worker.stop(0);
      await app.close();
      await database.drop();
    }
  }, 60_000);
});
