import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Broker } from '#dist/tasks/brokers/broker.js';
import { Administration } from '#dist/tasks/control/administration.js';
import { Task, TaskService, TasksModule, Worker } from '#dist/tasks/index.js';
import { TasksHealthIndicator } from '#dist/tasks/observability/terminus/index.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { HttpClient } from '../support/http-client.js';
import { until } from '../support/until.js';

@Injectable()
class LateTasks {
  @Task({ queue: 'late' })
  one(): number {
    return 1;
  }
}

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly tasks: TasksHealthIndicator,
  ) {}

  @Get('tasks')
  @HealthCheck()
  tasksAre() {
    return this.health.check([() => this.tasks.isHealthy()]);
  }

  @Get('workers')
  @HealthCheck()
  workersLive() {
    return this.health.check([() => this.tasks.hasWorkers('workers', { min: 1 })]);
  }

  @Get('queues')
  @HealthCheck()
  queuesAreInTime() {
    return this.health.check([() => this.tasks.isInTime('queues', { maxAge: '1m' })]);
  }

  @Get('other-queue')
  @HealthCheck()
  otherQueueIsInTime() {
    return this.health.check([() => this.tasks.isInTime('other', { maxAge: '1m', queues: ['default'] })]);
  }
}

describe('the indicators for Terminus', () => {
  let database: TestDatabase;
  let app: INestApplication;
  let client: HttpClient;
  const ask = async (what: string) => {
    const { status, body } = await client.get(`/health/${what}`);
    return [status, body] as const;
  };

  beforeAll(async () => {
    database = await createDatabase();
    @Module({
      imports: [
        TypeOrmModule.forRoot({ type: 'postgres', url: database.url }),
        TasksModule.forRoot({ lease: '2s' }),
        TerminusModule.forRoot({ logger: false }),
      ],
      controllers: [HealthController],
      providers: [LateTasks, TasksHealthIndicator],
    })
    class AppModule {}
    app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    client = new HttpClient(await app.getUrl());
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it('say that no worker lives, until one does', async () => {
    expect(await ask('workers')).toMatchObject([503, { error: { workers: { status: 'down', online: 0 } } }]);
    await app.get(Worker).start({ queues: ['default'] });
    expect(await ask('workers')).toMatchObject([200, { info: { workers: { status: 'up', online: 1 } } }]);
  });

  it('say which queue is late, unless it is paused', async () => {
    expect((await ask('queues'))[0]).toBe(200);
    await app.get(TaskService).of(LateTasks).one.delay();
    await database.sql.query(`UPDATE celeriac.task SET ready_at = now() - interval '90 s'`);
    const [status, body] = await ask('queues');
    expect(status).toBe(503);
    expect(body).toMatchObject({
      error: { queues: { status: 'down', oldestSeconds: { late: expect.any(Number) } } },
    });
    expect((await ask('other-queue'))[0]).toBe(200);
    await app.get(Administration).pause('late');
    expect((await ask('queues'))[0]).toBe(200);
  });

  it('say that tasks are accepted, degraded without the broker', async () => {
    expect(await ask('tasks')).toMatchObject([
      200,
      { info: { tasks: { status: 'up', broker: { kind: 'postgres', up: true } } } },
    ]);
    const broker = app.get(Broker);
    const away = { up: false, since: new Date(), reason: 'refused' };
    Object.defineProperty(broker, 'status', { value: away, configurable: true });
    const [status, body] = await ask('tasks');
    expect(status).toBe(200);
    expect(body).toMatchObject({ info: { tasks: { status: 'degraded', broker: { reason: 'refused' } } } });
    Reflect.deleteProperty(broker, 'status');
  });

  it('say that none is accepted once the process is about to end', async () => {
    app.get(TaskService).beginShutdown();
    const [status, body] = await until('it is down', async () => {
      const answer = await ask('tasks');
      return answer[0] === 503 ? answer : undefined;
    });
    expect(status).toBe(503);
    expect(body).toMatchObject({ error: { tasks: { status: 'down' } } });
  });
});
