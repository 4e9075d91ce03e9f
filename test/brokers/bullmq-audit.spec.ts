import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { BullModule, getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Queue, Worker, type Job } from 'bullmq';
import { TasksBullModule } from '#dist/tasks/brokers/redis/index.js';
import {
  InvalidOptionError,
  TasksModule,
  TaskStateError,
  TaskStatistics,
  type TaskRecord,
} from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { describeUnless } from '../support/prerequisite.js';
import { RedisServer, redisMissing } from '../support/redis-server.js';
import { until } from '../support/until.js';

/** Lets a job go on that waits. */
const gates = new Map<string, () => void>();

async function work(job: Job<{ to: string }>): Promise<unknown> {
  switch (job.name) {
    case 'flaky':
      if (job.attemptsMade < 2) throw new TypeError(`attempt ${job.attemptsMade} with \0 inside`);
      return 'at last';
    case 'broken':
      throw new RangeError('no such mailbox');
    case 'slow':
      await job.updateProgress(40);
      await new Promise<void>((resolve) => gates.set(job.data.to, resolve));
      return 'done';
    case 'large':
      return 'x'.repeat(5000);
    default:
      return { sent: job.data.to };
  }
}

/** An ordinary processor of @nestjs/bullmq. */
@Processor('emails', { concurrency: 20 })
class EmailProcessor extends WorkerHost {
  process(job: Job<{ to: string }>): Promise<unknown> {
    return work(job);
  }
}

describeUnless(redisMissing)('the audit of queues of BullMQ', () => {
  let database: TestDatabase;
  let redis: RedisServer;
  const open: TestApplication[] = [];
  beforeAll(async () => {
    database = await createDatabase();
    redis = await RedisServer.create();
  });
  afterEach(async () => {
    for (const application of open.splice(0)) await application.close();
    await redis.ask('FLUSHALL');
  });
  afterAll(async () => {
    await redis.remove();
    await database.drop();
  });

  /** An application with the database as its broker, whose processor runs in it. */
  async function start(schema: string): Promise<TestApplication> {
    const application = await createApplication(
      database.url,
      {
        imports: [
          BullModule.forRoot({ connection: { port: redis.port } }),
          BullModule.registerQueue({ name: 'emails' }),
          TasksBullModule.forRoot({ audit: ['emails'] }),
        ],
        providers: [EmailProcessor],
      },
      { schema },
    );
    open.push(application);
    return application;
  }

  const outsideQueue = () => new Queue('emails', { connection: { port: redis.port } });
  const queueOf = ({ app }: TestApplication) => app.get<Queue>(getQueueToken('emails'), { strict: false });

  async function recordOf({ tasks }: TestApplication, jobId: string): Promise<TaskRecord | undefined> {
    const { items } = await tasks.list({ tags: { bullmq: jobId } });
    expect(items.length).toBeLessThan(2);
    return items[0] && tasks.record(items[0].id);
  }

  const ended = (application: TestApplication, jobId: string) =>
    until(`job ${jobId} is recorded to its end`, async () => {
      const record = await recordOf(application, jobId);
      return record?.finishedAt ? record : undefined;
    });

  it('records what a processor does: data, result, progress, errors, attempts and delays', async () => {
    const application = await start('audit_one');
    const queue = queueOf(application);
    const add = async (name: string, options = {}) => (await queue.add(name, { to: name }, options)).id!;
    const ids = {
      welcome: await add('welcome'),
      gone: await add('gone', { removeOnComplete: true }),
      flaky: await add('flaky', { attempts: 5, backoff: { type: 'fixed', delay: 30 } }),
      broken: await add('broken'),
      large: await add('large', { removeOnComplete: true }),
      later: await add('later', { delay: 3_600_000 }),
      slow: await add('slow'),
    };

    expect(await ended(application, ids.welcome)).toMatchObject({
      name: 'emails.welcome',
      queue: 'emails',
      state: 'SUCCESS',
      args: [{ to: 'welcome' }],
      result: { sent: 'welcome' },
      attempt: 1,
      retries: 0,
      maxRetries: 0,
      source: 'bullmq',
      tags: { bullmq: ids.welcome },
      runtimeMs: expect.any(Number),
    });
    expect(await ended(application, ids.gone)).toMatchObject({ state: 'SUCCESS', result: { sent: 'gone' } });
    expect((await ended(application, ids.large)).result).toBe('x'.repeat(5000));
    expect(await ended(application, ids.broken)).toMatchObject({
      state: 'FAILURE',
      error: { name: 'RangeError', message: 'no such mailbox', stack: expect.stringContaining('at ') },
    });

    const flaky = await ended(application, ids.flaky);
    expect(flaky).toMatchObject({
      state: 'SUCCESS',
      result: 'at last',
      attempt: 3,
      retries: 2,
      maxRetries: 4,
    });
    const attempts = (await application.tasks.history(flaky.id)).filter(({ kind }) => kind === 'retried');
    expect(attempts.map(({ attempt, error }) => [attempt, error?.name, error?.message])).toEqual([
      [1, 'TypeError', 'attempt 0 with \uFFFD inside'],
      [2, 'TypeError', 'attempt 1 with \uFFFD inside'],
    ]);

    const later = await recordOf(application, ids.later);
    expect(later).toMatchObject({ state: 'PENDING', attempt: 0, startedAt: null });
    expect(Date.parse(later!.dueAt!)).toBeGreaterThan(Date.now() + 3_500_000);

    const slow = await until('the slow one shows its progress', async () => {
      const record = await recordOf(application, ids.slow);
      return record?.progress ? record : undefined;
    });
    expect(slow).toMatchObject({ state: 'STARTED', progress: { percent: 40 } });
    const running = await application.tasks.list({ state: 'STARTED' });
    expect(running.items.map(({ id }) => id)).toEqual([slow.id]);
    gates.get('slow')!();
    expect((await ended(application, ids.slow)).result).toBe('done');

    await queue.remove(ids.later);
    expect(await ended(application, ids.later)).toMatchObject({
      state: 'REVOKED',
      revokedReason: 'removed from its queue',
    });

    const names = async (filter: object) =>
      (await application.tasks.list(filter)).items.map(({ name }) => name);
    expect(await names({ name: 'emails.b*' })).toEqual(['emails.broken']);
    await until('its error is searched for', async () => (await names({ search: 'mailbox' })).length === 1);
    await until('they are counted', async () => {
      const { totals } = await application.app.get(TaskStatistics).read('1h', { queue: 'emails' });
      const { submitted, succeeded, failed, retried, revoked } = totals;
      return [submitted, succeeded, failed, retried, revoked].join() === '7,5,1,2,1';
    });
  });

  it('leaves revoking and retrying to BullMQ, and follows a job that is retried there', async () => {
    const application = await start('audit_two');
    const { tasks } = application;
    const queue = queueOf(application);
    const slow = await queue.add('slow', { to: 'second' });
    const broken = await queue.add('broken', { to: 'x' });
    const failed = await ended(application, broken.id!);
    const running = await until('it runs', async () => {
      const record = await recordOf(application, slow.id!);
      return record?.state === 'STARTED' ? record : undefined;
    });
    await expect(tasks.revoke(running.id)).rejects.toThrow(
      new TaskStateError(
        running.id,
        'STARTED',
        `revoked here: it is job ${slow.id} of BullMQ's queue 'emails', so do that there`,
      ),
    );
    await expect(tasks.retry(failed.id)).rejects.toThrow(/retried here: it is job .* so do that there/);
    expect(await tasks.revokeMany({ queue: 'emails' })).toEqual({ ended: 0, asked: 0 });
    gates.get('second')!();
    await ended(application, slow.id!);

    await broken.retry('failed');
    const again = await until('the retry has failed too', async () => {
      const record = await recordOf(application, broken.id!);
      return record?.attempt === 2 && record.finishedAt ? record : undefined;
    });
    expect(again).toMatchObject({ id: failed.id, state: 'FAILURE' });
    expect((await tasks.history(failed.id)).filter(({ kind }) => kind === 'failed')).toHaveLength(2);
    await tasks.forget(failed.id);
    expect(await recordOf(application, broken.id!)).toBeUndefined();
  });

  it('records each job once, however many processes listen', async () => {
    await Promise.all([start('audit_many'), start('audit_many'), start('audit_many')]);
    const last = open[2]!;
    const jobs = Array.from({ length: 300 }, (_, i) => ({ name: 'welcome', data: { to: String(i) } }));
    await queueOf(last).addBulk(jobs.slice(0, 150));
    await until('some are recorded', async () => (await last.tasks.counts()).SUCCESS > 20);
    // whoever of them records: the others go on
    await Promise.all(open.splice(0, 2).map((application) => application.close()));
    await queueOf(last).addBulk(jobs.slice(150));
    await until('all are recorded', async () => (await last.tasks.counts()).SUCCESS >= 300);
    const records = await Promise.all(
      [undefined, 'createdAt' as const].map((sort) =>
        last.tasks.list({}, { limit: 200, sort, include: ['args'] }),
      ),
    );
    const all = new Map(records.flatMap(({ items }) => items).map((item) => [item.id, item.args]));
    expect(all.size).toBe(300);
    expect(new Set([...all.values()].map((args) => (args as { to: string }[])[0]!.to)).size).toBe(300);
    expect(await last.tasks.counts()).toMatchObject({ SUCCESS: 300, PENDING: 0, STARTED: 0 });
  });

  it('goes on where it was when nobody has listened for a while', async () => {
    const first = await start('audit_gap');
    const queue = queueOf(first);
    const known = await queue.add('later', { to: 'a' }, { delay: 3_600_000 });
    await until('the first is recorded', () => recordOf(first, known.id!));
    await open.pop()!.close();

    const outside = outsideQueue();
    const worker = new Worker('emails', work, { connection: { port: redis.port } });
    const missed = await outside.add('welcome', { to: 'b' }, { removeOnComplete: true });
    await (await outside.getJob(known.id!))!.promote();
    await until('both are done', async () => (await outside.getJobCounts('completed')).completed === 1);
    await worker.close();
    await outside.close();

    const second = await start('audit_gap');
    expect(await ended(second, missed.id!)).toMatchObject({ state: 'SUCCESS', result: { sent: 'b' } });
    expect(await ended(second, known.id!)).toMatchObject({ state: 'SUCCESS', args: [{ to: 'a' }] });
  });

  it('asks what has become of its jobs when events are lost', async () => {
    const first = await start('audit_lost');
    const queue = queueOf(first);
    const [promoted, forgotten, waiting] = await Promise.all(
      ['a', 'b', 'c'].map((to) => queue.add('later', { to }, { delay: 3_600_000 })),
    );
    for (const job of [promoted, forgotten, waiting])
      await until('it is recorded', () => recordOf(first, job!.id!));
    await open.pop()!.close();

    const outside = outsideQueue();
    const worker = new Worker('emails', work, { connection: { port: redis.port } });
    await (await outside.getJob(promoted!.id!))!.promote();
    await outside.remove(forgotten!.id!);
    await until('it is done', async () => (await outside.getJobCounts('completed')).completed === 1);
    await worker.close();
    await outside.close();
    await redis.ask('DEL', 'bull:emails:events');

    const second = await start('audit_lost');
    expect(await ended(second, promoted!.id!)).toMatchObject({ state: 'SUCCESS', result: { sent: 'a' } });
    expect(await ended(second, forgotten!.id!)).toMatchObject({
      state: 'REVOKED',
      revokedReason: 'not in its queue any more; how it ended was not heard',
    });
    expect(await recordOf(second, waiting!.id!)).toMatchObject({ state: 'PENDING', finishedAt: null });
    await (await queueOf(second).getJob(waiting!.id!))!.promote();
    expect(await ended(second, waiting!.id!)).toMatchObject({ state: 'SUCCESS', attempt: 1 });
  });

  it('wants queues that are registered, and says which are not', async () => {
    const module = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({ type: 'postgres', url: database.url }),
        TasksModule.forRoot({ schema: 'audit_one' }),
        TasksBullModule.forRoot({ audit: ['nowhere'] }),
      ],
    }).compile();
    await expect(module.init()).rejects.toThrow(
      "audit[0]: expected the name of a queue that BullModule.registerQueue() has, got 'nowhere'",
    );
    await module.close();
    expect(() => TasksBullModule.forRoot({})).toThrow(InvalidOptionError);
  });
});
