import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import {
  IdempotencyConflictError,
  Task,
  TaskContext,
  TaskNotFoundError,
  TaskRevokedError,
} from '#dist/tasks/index.js';
import { openStorage } from '#dist/tasks/store/open-storage.js';
import { resolveTasksOptions } from '#dist/tasks/tasks.options.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { celeriac } from '../support/cli.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { findPgBouncer, PgBouncer } from '../support/pg-bouncer.js';
import { describeUnless } from '../support/prerequisite.js';
import { until } from '../support/until.js';

/** Fewer than an application asks for, so that transactions really share them. */
const CONNECTIONS = 4;

@Injectable()
class PooledTasks {
  @Task()
  add(x: number, y: number): number {
    return x + y;
  }

  @Task({ retry: { max: 3, delay: 0 } })
  flaky(failures: number, ctx: TaskContext): number {
    if (ctx.attempt <= failures) throw new Error(`attempt ${ctx.attempt}`);
    return ctx.attempt;
  }

  @Task()
  async wait(ms: number, ctx: TaskContext): Promise<void> {
    await ctx.progress(1, 4, 'waiting', { ms });
    await sleep(ms, undefined, { signal: ctx.signal });
  }
}

const executable = await findPgBouncer();
const suite = describeUnless(
  executable ? undefined : 'the tests of transaction pooling need PgBouncer: apt-get install pgbouncer',
);

suite('behind PgBouncer in transaction mode, with the direct URL beside it', () => {
  let database: TestDatabase;
  let bouncer: PgBouncer;
  let producer: TestApplication;
  let consumer: TestApplication;

  /** They hear of one another only through the database. */
  const connect = () =>
    createApplication(bouncer.url, { providers: [PooledTasks] }, { directUrl: database.url });

  beforeAll(async () => {
    database = await createDatabase();
    bouncer = await PgBouncer.inFrontOf(database.url, executable!, CONNECTIONS);
    producer = await connect();
    consumer = await connect();
    await consumer.startWorker({ concurrency: 20 });
  });
  afterAll(async () => {
    await producer.close();
    await consumer.close();
    await bouncer.stop();
    await database.drop();
  });

  const tasks = () => producer.tasks.of(PooledTasks);

  it('submits, runs and gives results back, many at once', async () => {
    const before = await bouncer.transactions();
    const handles = await Promise.all(Array.from({ length: 500 }, (_, i) => tasks().add.delay(i, 1)));
    const results = await Promise.all(handles.map((handle) => handle.get({ timeout: '60s' })));
    expect(results).toEqual(handles.map((_, i) => i + 1));
    // each claim, settlement and submission is at least one; they come in groups
    expect(await bouncer.transactions()).toBeGreaterThan(before + 10);
  });

  it('tells an idle worker of a task, and who waits of its end, long before either would look', async () => {
    const took: number[] = [];
    for (let i = 0; i < 20; i++) {
      const since = performance.now();
      const handle = await tasks().add.delay(i, i);
      await handle.get({ timeout: '60s' });
      took.push(performance.now() - since);
    }
    took.sort((a, b) => a - b);
    process.stderr.write(
      `behind PgBouncer, submit to result: median ${took[10]!.toFixed(1)} ms, worst ${took[19]!.toFixed(1)} ms\n`,
    );
    expect(took[10]).toBeLessThan(200);
    expect(took[19]).toBeLessThan(1000);
  });

  it('retries, and keeps the attempts that failed', async () => {
    const handle = await tasks().flaky.delay(2);
    expect(await handle.get({ timeout: '60s' })).toBe(3);
    const kinds = (await producer.tasks.history(handle.id)).map((entry) => entry.kind);
    expect(kinds).toEqual(['submitted', 'retried', 'retried', 'succeeded']);
  });

  it('shows progress, and stops a running task when it is revoked', async () => {
    const handle = await tasks().wait.delay(60_000);
    const { progress } = await until('the progress is shown', async () => {
      const record = await handle.record();
      return record.progress && record;
    });
    expect(progress).toMatchObject({ current: 1, total: 4, percent: 25, message: 'waiting' });
    const since = performance.now();
    await handle.revoke();
    await expect(handle.get({ timeout: '60s' })).rejects.toBeInstanceOf(TaskRevokedError);
    expect(performance.now() - since).toBeLessThan(1000);
  });

  it('revokes a task that waits, and makes it live again', async () => {
    const handle = await tasks().add.applyAsync([1, 2], { countdown: '1h' });
    expect(await handle.revoke()).toMatchObject({ state: 'REVOKED' });
    await producer.tasks.retry(handle.id);
    expect(await handle.get({ timeout: '60s' })).toBe(3);
  });

  it('starts a delayed task when it is due', async () => {
    const since = performance.now();
    const handle = await tasks().add.applyAsync([1, 2], { countdown: 300 });
    expect(await handle.get({ timeout: '60s' })).toBe(3);
    expect(performance.now() - since).toBeGreaterThanOrEqual(290);
    expect(performance.now() - since).toBeLessThan(1500);
  });

  it('gives the same task to the same idempotency key', async () => {
    const options = { idempotencyKey: 'once' };
    const handles = await Promise.all(
      Array.from({ length: 10 }, () => tasks().add.applyAsync([1, 2], options)),
    );
    expect(new Set(handles.map((handle) => handle.id)).size).toBe(1);
    await expect(tasks().add.applyAsync([3, 4], options)).rejects.toBeInstanceOf(IdempotencyConflictError);
  });

  it('submits within the caller’s transaction', async () => {
    const dataSource = producer.app.get(DataSource);
    const committed = await dataSource.transaction(async (manager) => {
      const handle = await tasks().add.applyAsync([4, 5], { manager });
      await expect(producer.tasks.record(handle.id)).rejects.toBeInstanceOf(TaskNotFoundError);
      return handle;
    });
    expect(await committed.get({ timeout: '60s' })).toBe(9);

    let undone = '';
    const rolledBack = dataSource.transaction(async (manager) => {
      undone = (await tasks().add.applyAsync([4, 5], { manager })).id;
      throw new Error('no');
    });
    await expect(rolledBack).rejects.toThrow('no');
    await expect(producer.tasks.record(undone)).rejects.toBeInstanceOf(TaskNotFoundError);
  });

  it('keeps the lease of its workers', async () => {
    const lease = async () => {
      const { rows } = await database.sql.query<{ until: Date }>(
        'SELECT lease_until AS until FROM celeriac.worker WHERE dead_at IS NULL',
      );
      return rows.map((row) => row.until.getTime());
    };
    const [first] = await lease();
    await until('the lease is renewed', async () => (await lease())[0]! > first!);
    expect(await lease()).toHaveLength(1);
  });

  it('lets many processes start at once on a pool that has fewer connections than they are', async () => {
    const starts = await Promise.allSettled(Array.from({ length: CONNECTIONS * 2 }, connect));
    for (const start of starts) if (start.status === 'fulfilled') await start.value.close();
    const failures = starts.map((start) => (start.status === 'rejected' ? String(start.reason) : 'started'));
    expect(new Set(failures)).toEqual(new Set(['started']));
  });

  it('leaves no setting, lock or statement on the connections that it shares with others', async () => {
    const others = new DataSource({ type: 'postgres', url: bouncer.url, poolSize: CONNECTIONS });
    await others.initialize();
    try {
      const seen = await Promise.all(
        Array.from({ length: CONNECTIONS }, () =>
          others.transaction(async (manager) => {
            const ask = async (query: string) =>
              Object.values((await manager.query<Record<string, unknown>[]>(query))[0]!)[0];
            // held until all are taken, so that each is another one
            await manager.query('SELECT pg_sleep(0.3)');
            return {
              pid: await ask('SELECT pg_backend_pid()'),
              seqscan: await ask('SHOW enable_seqscan'),
              timeout: await ask('SHOW statement_timeout'),
              statements: await ask('SELECT count(*)::int FROM pg_prepared_statements'),
              channels: await ask('SELECT count(*)::int FROM pg_listening_channels()'),
            };
          }),
        ),
      );
      expect(new Set(seen.map((one) => one.pid)).size).toBe(CONNECTIONS);
      for (const { pid: _pid, ...one } of seen)
        expect(one).toEqual({ seqscan: 'on', timeout: '0', statements: 0, channels: 0 });
    } finally {
      await others.destroy();
    }
  });

  it('is refused nothing by the pooler', () => {
    expect(bouncer.log).not.toMatch(/ERROR|unsupported|prepared statement|pooler error/i);
  });

  it('says at start which URL is missing when the direct one was not given', async () => {
    const pooled = new DataSource({ type: 'postgres', url: bouncer.url });
    await expect(openStorage(pooled, resolveTasksOptions({}))).rejects.toThrow(
      /^directUrl: expected the URL of Postgres itself, .*pooler .*unsupported startup parameter/,
    );
    expect(await celeriac(['status', '--database-url', bouncer.url])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^error: --direct-database-url \(DIRECT_DATABASE_URL\): expected the URL/),
    });
  });
});
