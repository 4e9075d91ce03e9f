import { environment } from './environment.js';
import { createLogger } from './logging.js';
import type { RunWorkerOptions } from './tasks/index.js';

/** What the environment says of a worker; its command line may say otherwise. */
export const workerOptions: RunWorkerOptions = {
  queues: environment.QUEUES,
  pool: environment.POOL,
  concurrency: environment.CONCURRENCY,
  shutdownGrace: environment.SHUTDOWN_GRACE,
  health: { port: environment.HEALTH_PORT, file: environment.HEALTH_FILE },
  nest: { logger: createLogger(environment), abortOnError: false },
};
