import { describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import {
  closeGracefully,
  InvalidOptionError,
  workerFlags,
  type RunWorkerOptions,
} from '#dist/tasks/index.js';
import { planWorker } from '#dist/tasks/execution/worker-plan.js';
import { resolveTasksOptions } from '#dist/tasks/tasks.options.js';

describe("a worker's command line", () => {
  it("has Celery's names, and comes before what the application says", () => {
    const options = workerFlags(
      { concurrency: 3, queues: ['all'], shutdownGrace: '5s', health: { file: '/f' } },
      (
        '-Q images,mail -X slow -c 8 -P prefork --concurrency-per-child 2 --max-tasks-per-child 100 ' +
        '--max-memory-per-child 200000 --max-child-age 1h --health-port 0'
      ).split(' '),
    );
    expect(options).toEqual({
      queues: ['images', 'mail'],
      excludeQueues: ['slow'],
      concurrency: 8,
      pool: 'prefork',
      concurrencyPerChild: 2,
      maxTasksPerChild: 100,
      maxMemoryPerChild: 200_000,
      maxChildAge: '1h',
      shutdownGrace: '5s',
      health: { file: '/f', port: 0 },
    } satisfies RunWorkerOptions);
    expect(planWorker(options)).toMatchObject({ maxChildAgeMs: 3_600_000, graceMs: 5000 });
  });

  it('scales instead of a number from elsewhere', () => {
    const options = workerFlags({ concurrency: 10 }, ['--autoscale', '10,3']);
    expect(planWorker(options)).toMatchObject({
      concurrency: 3,
      autoscale: { max: 10, min: 3, idleMs: 30_000 },
    });
  });

  it('refuses what does not go together, and says what does', () => {
    const wrong: RunWorkerOptions[] = [
      { maxTasksPerChild: 3 },
      { pool: 'prefork', maxTasksPerChild: 0 },
      { autoscale: { max: 2, min: 3 } },
      { autoscale: { max: 2 }, concurrency: 2 },
      { pool: 'threads' as never },
      { concurency: 3 } as never,
      { excludeQueues: ['a b'] },
      { health: { port: 70_000 } },
    ];
    for (const options of wrong) expect(() => planWorker(options)).toThrow(InvalidOptionError);
    expect(() => planWorker({ concurency: 3 } as never)).toThrow("did you mean 'concurrency'");
  });

  it('refuses times that no timer can wait for', async () => {
    const message = /expected at most 24 days/;
    for (const options of [{ softTimeLimit: '30d' }, { timeLimit: '30d' }, { shutdownGrace: '25d' }])
      expect(() => planWorker(options)).toThrow(message);
    expect(planWorker({ timeLimit: '24d' }).limits).toEqual({ timeLimitMs: 24 * 86_400_000 });
    expect(() => resolveTasksOptions({ shutdownGrace: '25d' })).toThrow(message);
    const untouched = {} as INestApplicationContext;
    await expect(closeGracefully(untouched, { grace: '25d' })).rejects.toThrow(message);
  });
});
