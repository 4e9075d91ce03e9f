import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BullModule, getQueueToken, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import { QueueEvents, type Job, type Queue } from 'bullmq';
import { TasksBullModule } from '#dist/tasks/brokers/redis/index.js';
import { InvalidOptionError, Task } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { describeUnless } from '../support/prerequisite.js';
import { RedisServer, redisMissing } from '../support/redis-server.js';
import { until } from '../support/until.js';

@Injectable()
class ImageTasks {
  @Task({ queue: 'images' })
  resize(width: number): number {
    return width / 2;
  }
}

const processed: unknown[] = [];
let completed = 0;

/** An ordinary processor of @nestjs/bullmq, on a queue of the same name as one of ours. */
@Processor('images')
class OrdinaryProcessor extends WorkerHost {
  async process(job: Job): Promise<string> {
    processed.push(job.data);
    return 'done by BullMQ';
  }

  @OnWorkerEvent('completed')
  onCompleted(): void {
    completed++;
  }
}

describeUnless(redisMissing)('BullMQ beside tasks', () => {
  let database: TestDatabase;
  let redis: RedisServer;
  let application: TestApplication;
  beforeAll(async () => {
    database = await createDatabase();
    redis = await RedisServer.create();
  });
  afterAll(async () => {
    await redis.remove();
    await database.drop();
  });

  it('shows the queue of a task with @InjectQueue and QueueEvents', async () => {
    application = await createApplication(
      database.url,
      { imports: [TasksBullModule.forRoot({ queues: ['images'] })], providers: [ImageTasks] },
      { broker: redis.url },
    );
    const queue = application.app.get<Queue>(getQueueToken('images'), { strict: false });
    const handle = await application.tasks.of(ImageTasks).resize.applyAsync([400], { priority: 9 });
    const [job] = await until('the job is there', async () => {
      const jobs = await queue.getJobs(['prioritized', 'wait']);
      return jobs.length > 0 ? jobs : undefined;
    });
    expect(job).toMatchObject({
      id: `${handle.id}-1`,
      name: 'image.resize',
      opts: { attempts: 1, priority: 1 },
    });

    const events = new QueueEvents('images', {
      connection: { port: redis.port },
      prefix: 'celeriac:celeriac',
    });
    await events.waitUntilReady();
    const seen: string[] = [];
    events.on('active', ({ jobId }) => seen.push(`active ${jobId}`));
    events.on('completed', ({ jobId }) => seen.push(`completed ${jobId}`));
    await application.startWorker();
    expect(await handle.get({ timeout: '60s' })).toBe(200);
    await until('both events were heard', () => seen.length === 2);
    expect(seen).toEqual([`active ${handle.id}-1`, `completed ${handle.id}-1`]);
    await events.close();
    await until('nothing is left', async () => {
      const counts = await queue.getJobCounts('wait', 'prioritized', 'active', 'completed', 'failed');
      return Object.values(counts).every((count) => count === 0);
    });
    await application.close();
  });

  it('leaves queues of the same name to ordinary processors', async () => {
    application = await createApplication(
      database.url,
      {
        imports: [
          BullModule.forRoot({ connection: { port: redis.port } }),
          BullModule.registerQueue({ name: 'images' }),
        ],
        providers: [ImageTasks, OrdinaryProcessor],
      },
      { broker: redis.url },
    );
    await application.app.init();
    await application.startWorker();
    const queue = application.app.get<Queue>(getQueueToken('images'), { strict: false });
    await queue.add('ordinary', { file: 'a.png' });
    const handle = await application.tasks.of(ImageTasks).resize.delay(10);
    expect(await handle.get({ timeout: '60s' })).toBe(5);
    await until('the processor is done', () => completed === 1);
    expect(processed).toEqual([{ file: 'a.png' }]);
    await application.close();
  });

  it('wants to be told which queues', () => {
    expect(() => TasksBullModule.forRoot({ queues: [] })).toThrow(InvalidOptionError);
    expect(() => TasksBullModule.forRoot({ queues: ['no spaces please'] })).toThrow(/queues\[0\]/);
  });
});
