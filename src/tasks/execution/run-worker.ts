import { Logger, type DynamicModule, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { toMilliseconds, type Duration } from '../duration.js';
import { InvalidOptionError } from '../errors.js';
import { TaskService } from '../submission/task.service.js';
import { assertConcurrency, assertQueues } from '../tasks.options.js';
import { WorkerProcessModule } from './worker-process.js';
import { Worker } from './worker.js';

export interface RunWorkerOptions {
  /** The queues to take from. Default: all. */
  queues?: readonly string[] | undefined;
  /** How many tasks run at once. Default 10. */
  concurrency?: number | undefined;
  /** 'async': all in this process. Default 'async'. */
  pool?: 'async' | undefined;
  /** How long running tasks may go on after SIGTERM or SIGINT. Default '30s'. */
  shutdownGrace?: Duration | undefined;
  /** Passed on to Nest, for example `logger`. */
  nest?: Parameters<typeof NestFactory.createApplicationContext>[1] | undefined;
}

/** A second signal this soon after the first is the same key press, delivered by a parent process as well. */
const DEBOUNCE_MS = 500;

/**
 * Starts the application without HTTP and a worker in it: `src/worker.ts` is this one line. It owns SIGTERM and
 * SIGINT: takes nothing more, lets running tasks finish for the grace, gives back the rest uncharged, and only then
 * closes the application, so that no task finds a provider closed. A second signal skips the rest of the grace.
 * @returns the application's context, when the worker takes tasks
 * @throws InvalidOptionError
 */
export async function runWorker(
  application: Type | DynamicModule,
  options: RunWorkerOptions = {},
): Promise<INestApplicationContext> {
  if (options.pool !== undefined && options.pool !== 'async')
    throw new InvalidOptionError('pool', "'async'", options.pool);
  const queues = assertQueues(options.queues);
  const concurrency = assertConcurrency(options.concurrency ?? 10);
  const graceMs = toMilliseconds(options.shutdownGrace ?? '30s', 'shutdownGrace');

  const context = await NestFactory.createApplicationContext(
    WorkerProcessModule.of(application),
    options.nest ?? {},
  );
  const worker = context.get(Worker, { strict: false });
  await worker.start({ queues, concurrency });
  const logger = new Logger('Tasks');
  logger.log(
    `worker ${worker.name} takes tasks from ${queues?.join(', ') ?? 'all queues'}, ${concurrency} at once`,
  );
  stopOnSignals(async (hurry) => {
    await worker.stop(graceMs, hurry);
    await context.close();
  }, logger);
  return context;
}

export interface CloseOptions {
  /** How long running tasks may go on. Default '30s'. */
  grace?: Duration | undefined;
  /** Aborted to end the grace early. */
  hurry?: AbortSignal | undefined;
}

/**
 * Closes an application that runs an inline worker: refuses what comes from outside, and drains the worker before Nest
 * destroys any provider.
 */
export async function closeGracefully(
  application: INestApplicationContext,
  { grace = '30s', hurry }: CloseOptions = {},
): Promise<void> {
  application.get(TaskService, { strict: false }).beginShutdown();
  await application.get(Worker, { strict: false }).stop(toMilliseconds(grace, 'grace'), hurry);
  await application.close();
}

/** Calls `stop` at the first SIGTERM or SIGINT, and aborts `hurry` at a second; then the process ends by itself. */
export function stopOnSignals(
  stop: (hurry: AbortSignal) => Promise<void>,
  logger = new Logger('Tasks'),
): void {
  const hurry = new AbortController();
  let first = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    if (first === 0) {
      first = Date.now();
      logger.log(`${signal}: finishing what runs; once more to stop at once`);
      stop(hurry.signal).then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
          process.exit(1);
        },
      );
    } else if (Date.now() - first > DEBOUNCE_MS) hurry.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
