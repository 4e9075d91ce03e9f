import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { PoolWorkers, type PoolWorker } from '../support/pool-worker.js';
import { sampleOf } from '../support/prometheus-text.js';
import { until } from '../support/until.js';

const LABELS = { task: 'observed.note', queue: 'default' };

describe("a worker's metrics", () => {
  let database: TestDatabase;
  let application: TestApplication;
  let workers: PoolWorkers;
  const run = (name: string, ...args: unknown[]) =>
    application.tasks.submit(name, args).then((handle) => handle.get({ timeout: '60s' }));
  const scrape = async (worker: PoolWorker) => {
    const [, port] = await until('it listens', () => /health on http:\/\/0\.0\.0\.0:(\d+)/.exec(worker.log));
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    return response.status === 200 ? response.text() : undefined;
  };
  const counted = (worker: PoolWorker, name: string, labels: Record<string, string>, value: number) =>
    until(`${name} is ${value}`, async () => {
      const text = await scrape(worker);
      return text !== undefined && sampleOf(text, name, labels) === value ? text : undefined;
    });

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, {}, { allowUnknownTasks: true });
    workers = await PoolWorkers.create(database.url, database.sql, '../observability/observed.worker.ts');
  });
  afterEach(async () => {
    await workers.kill();
    await database.sql.query(`UPDATE celeriac.worker SET dead_at = now()`);
  });
  afterAll(async () => {
    await workers.remove();
    await application.close();
    await database.drop();
  });

  it('are answered on its health port', async () => {
    const worker = await workers.start(['-c', '3', '--health-port', '0']);
    await run('observed.note', 'a');
    const text = await counted(worker, 'celeriac_tasks_succeeded_total', LABELS, 1);
    expect(sampleOf(text, 'celeriac_worker_slots', {})).toBe(3);
    expect(sampleOf(text, 'celeriac_task_runtime_seconds_count', LABELS)).toBe(1);
    expect(sampleOf(text, 'celeriac_workers_online', {})).toBe(1);
  });

  it('of a prefork worker are those of all its children, also of children that have died', async () => {
    const worker = await workers.start(['-P', 'prefork', '-c', '2', '--health-port', '0'], 2);
    await Promise.all(Array.from({ length: 20 }, () => run('observed.note', 'a')));
    const text = await counted(worker, 'celeriac_tasks_succeeded_total', LABELS, 20);
    expect(sampleOf(text, 'celeriac_worker_slots', {})).toBe(2);
    expect(sampleOf(text, 'celeriac_task_wait_seconds_count', LABELS)).toBe(20);
    expect(sampleOf(text, 'celeriac_broker_up', { broker: 'postgres' })).toBe(1);
    expect(sampleOf(text, 'celeriac_database_up', {})).toBe(1);
    expect(sampleOf(text, 'celeriac_queue_workers', { queue: 'default' })).toBe(1);

    await run('observed.leave').catch(() => undefined);
    const lost = await counted(
      worker,
      'celeriac_tasks_lost_total',
      { task: 'observed.leave', queue: 'default' },
      2,
    );
    // nothing that was counted is counted back
    expect(sampleOf(lost, 'celeriac_tasks_succeeded_total', LABELS)).toBe(20);
    await worker.takes(2);
    await run('observed.note', 'a');
    await counted(worker, 'celeriac_tasks_succeeded_total', LABELS, 21);
  });
});
