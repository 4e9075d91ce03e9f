import { parseArgs } from 'node:util';
import { environment } from './environment.js';
import { createLogger } from './logging.js';
import type { RunWorkerOptions } from './tasks/index.js';

/** `-Q images,mail -c 8`, as Celery's worker takes them; without them the environment decides. */
export function workerOptions(args: readonly string[]): RunWorkerOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { queues: { type: 'string', short: 'Q' }, concurrency: { type: 'string', short: 'c' } },
  });
  return {
    queues: values.queues?.split(',').map((queue) => queue.trim()) ?? environment.QUEUES,
    concurrency: values.concurrency === undefined ? environment.CONCURRENCY : Number(values.concurrency),
    shutdownGrace: environment.SHUTDOWN_GRACE,
    nest: { logger: createLogger(environment), abortOnError: false },
  };
}
