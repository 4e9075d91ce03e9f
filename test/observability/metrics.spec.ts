import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';
import { parseApiKeys } from '#dist/tasks/http/index.js';
import { Task, TaskRegistry } from '#dist/tasks/index.js';
import { MetricsExporter } from '#dist/tasks/observability/metrics/metrics-exporter.js';
import { ProcessMetrics } from '#dist/tasks/observability/metrics/process-metrics.js';
import { TasksMetricsModule } from '#dist/tasks/observability/metrics/index.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { ADAPTERS, createHttpApplication, type HttpApplication } from '../support/http-application.js';
import { sampleOf, samplesOf } from '../support/prometheus-text.js';
import { until } from '../support/until.js';

@Injectable()
class MeasuredTasks {
  @Task({ queue: 'measured' })
  fine(value: number): number {
    return value;
  }

  @Task({ queue: 'measured', retry: { max: 1, delay: 0 } })
  bad(): never {
    throw new Error('no');
  }
}

/** Its worker is another application. */
class ElsewhereTasks {
  @Task({ queue: 'elsewhere' })
  one(): number {
    return 1;
  }
}

describe('metrics', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  for (const adapter of ADAPTERS)
    describe(`of an application on ${adapter}`, () => {
      const registry = new Registry();
      let application: HttpApplication;
      const scrape = async () => {
        const response = await fetch(`${application.url}/metrics`, {
          headers: { authorization: 'Bearer scraper-key-0123456789' },
        });
        expect(response.status).toBe(200);
        expect(response.headers.get('content-type')).toMatch(
          /^text\/plain; ?version=0\.0\.4; ?charset=utf-8$/,
        );
        return response.text();
      };

      beforeAll(async () => {
        await database.sql.query('DROP SCHEMA IF EXISTS celeriac CASCADE');
        application = await createHttpApplication(
          adapter,
          database.url,
          { imports: [TasksMetricsModule.forRoot({ registry })], providers: [MeasuredTasks] },
          {
            http: {
              keys: parseApiKeys(
                'metrics:prometheus:scraper-key-0123456789,read:alice:reader-key-0123456789ab,admin:root:admin-key-0123456789abc',
              ),
            },
            tasks: { allowUnknownTasks: true },
          },
        );
      });
      afterAll(() => application.close());

      it('count tasks by name, queue and outcome, with histograms of waiting and running', async () => {
        const { tasks, worker } = application;
        await worker.start({ concurrency: 4, queues: ['measured'] });
        const all = await Promise.all([
          tasks.submit('measured.fine', [1]),
          tasks.submit('measured.fine', [2]),
          tasks.submit('measured.bad'),
        ]);
        await Promise.all(all.map((handle) => handle.get({ timeout: '60s' }).catch(() => undefined)));
        const text = await until('the failure is counted', async () => {
          const now = await scrape();
          return sampleOf(now, 'celeriac_tasks_failed_total', BAD) === 1 ? now : undefined;
        });
        expect(sampleOf(text, 'celeriac_tasks_submitted_total', FINE)).toBe(2);
        expect(sampleOf(text, 'celeriac_tasks_succeeded_total', FINE)).toBe(2);
        expect(sampleOf(text, 'celeriac_tasks_retried_total', BAD)).toBe(1);
        for (const name of ['celeriac_task_wait_seconds', 'celeriac_task_runtime_seconds']) {
          const buckets = samplesOf(text, `${name}_bucket`).filter(({ labels }) => labels.task === FINE.task);
          const values = buckets.map(({ value }) => value);
          expect(values).toEqual([...values].sort((a, b) => a - b));
          expect(buckets.at(-1)).toMatchObject({ labels: { le: '+Inf' }, value: 2 });
          expect(sampleOf(text, `${name}_count`, FINE)).toBe(2);
          expect(sampleOf(text, `${name}_count`, BAD)).toBe(2);
          expect(sampleOf(text, `${name}_sum`, FINE)).toBeGreaterThanOrEqual(0);
          expect(sampleOf(text, `${name}_sum`, FINE)).toBeLessThan(20);
        }
      });

      it('count names and queues that are in no code together, so that their number has an end', async () => {
        const { tasks } = application;
        for (let i = 0; i < 20; i++) await tasks.submit(`unheard.of${i}`, [], { queue: `made-up-${i}` });
        const text = await scrape();
        expect(sampleOf(text, 'celeriac_tasks_submitted_total', OTHERS)).toBe(20);
        expect(text).not.toContain('unheard.of');
        const names = application.app
          .get(TaskRegistry)
          .all()
          .map(({ name }) => name);
        for (const { labels } of samplesOf(text, 'celeriac_tasks_submitted_total'))
          expect([...names, 'other']).toContain(labels.task);
      });

      it('know tasks of other applications by the classes that are used to submit them', async () => {
        await application.tasks.of(ElsewhereTasks).one.delay();
        const labels = { task: 'elsewhere.one', queue: 'elsewhere' };
        expect(sampleOf(await scrape(), 'celeriac_tasks_submitted_total', labels)).toBe(1);
      });

      it('tell of the process and of the whole database', async () => {
        const text = await scrape();
        expect(sampleOf(text, 'celeriac_worker_slots', {})).toBe(4);
        expect(sampleOf(text, 'celeriac_worker_slots_busy', {})).toBe(0);
        expect(sampleOf(text, 'celeriac_broker_up', { broker: 'postgres' })).toBe(1);
        expect(sampleOf(text, 'celeriac_event_loop_lag_seconds', {})).toBeGreaterThanOrEqual(0);
        expect(sampleOf(text, 'celeriac_database_up', {})).toBe(1);
        expect(sampleOf(text, 'celeriac_queue_workers', { queue: 'measured' })).toBe(1);
        expect(sampleOf(text, 'celeriac_queue_paused', { queue: 'measured' })).toBe(0);
        expect(sampleOf(text, 'celeriac_workers_online', {})).toBe(1);
        expect(sampleOf(text, 'celeriac_workers_slots', {})).toBe(4);
        expect(samplesOf(text, 'celeriac_tasks').map(({ labels }) => labels.state)).toEqual([
          'WAITING',
          'PENDING',
          'STARTED',
          'RETRY',
        ]);
      });

      it('are shown to keys that may measure, and to no others', async () => {
        const ask = async (key?: string) => {
          const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
          return (await fetch(`${application.url}/metrics`, { headers })).status;
        };
        expect(await ask()).toBe(401);
        expect(await ask('reader-key-0123456789ab')).toBe(403);
        expect(await ask('admin-key-0123456789abc')).toBe(200);
        // and such a key sees nothing else
        const { status } = await application.client.as('scraper-key-0123456789').get('/tasks');
        expect(status).toBe(403);
      });
    });

  it('of two applications in one registry are refused, until the first has closed', async () => {
    const registry = new Registry();
    const imports = [TasksMetricsModule.forRoot({ registry })];
    const first = await createHttpApplication('express', database.url, { imports });
    const metrics = first.app.get(ProcessMetrics);
    expect(() => new MetricsExporter(registry, metrics)).toThrow(/registry.*metrics of another application/);
    await first.close();
    expect(await registry.metrics()).not.toContain('celeriac');
  });
});

const FINE = { task: 'measured.fine', queue: 'measured' };
const BAD = { task: 'measured.bad', queue: 'measured' };
const OTHERS = { task: 'other', queue: 'other' };
