import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { toTimerMs, type Duration } from '../duration.js';
import { TaskService } from '../submission/task.service.js';
import { roleHere } from './pools/role.js';
import { runChild } from './pools/run-child.js';
import { runIsolated } from './pools/run-isolated.js';
import { runSupervisor } from './pools/run-supervisor.js';
import { runAsync } from './run-async.js';
import { atLevel } from './log-level.js';
import type { RunWorkerOptions } from './run-worker.options.js';
import { planWorker } from './worker-plan.js';
import { WorkerProcessModule } from './worker-process.js';
import { Worker } from './worker.js';

/**
 * Starts the application without HTTP and a worker in it: `src/worker.ts` is this one line. It owns SIGTERM, SIGINT and
 * SIGQUIT: takes nothing more, lets running tasks finish for the grace, gives back the rest uncharged, and only then
 * closes the application, so that no task finds a provider closed. A second signal skips the rest of the grace, SIGQUIT
 * gives everything back at once.
 *
 * The library starts the same file again for the children of a prefork worker, and for threads and processes that run
 * isolated tasks: nothing but this call should have effects in it.
 * @returns the application's context, when the worker takes tasks; undefined from the supervisor of a prefork worker,
 *   which has none
 * @throws InvalidOptionError, WorkerStartError
 */
export async function runWorker(
  application: Type | DynamicModule,
  options: RunWorkerOptions = {},
): Promise<INestApplicationContext | undefined> {
  const planned = planWorker(options);
  const plan = { ...planned, nest: atLevel(planned.nest, planned.logLevel) };
  const boot = () => NestFactory.createApplicationContext(WorkerProcessModule.of(application), plan.nest);
  const role = roleHere();
  if (role === 'isolated') return runIsolated(boot, plan);
  if (role === 'child') return runChild(boot, plan);
  if (plan.pool === 'prefork') return runSupervisor(plan);
  return runAsync(boot, plan);
}

/** Options of `closeGracefully()`. */
export interface CloseOptions {
  /** How long running tasks may go on. Default '30s'. */
  grace?: Duration | undefined;
  /** Aborted to end the grace early. */
  hurry?: AbortSignal | undefined;
  /** Aborted to give back at once what runs. */
  cold?: AbortSignal | undefined;
}

/**
 * Closes an application that runs an inline worker: refuses what comes from outside, and drains the worker before Nest
 * destroys any provider.
 * @throws InvalidOptionError before anything is stopped
 */
export async function closeGracefully(
  application: INestApplicationContext,
  { grace = '30s', hurry, cold }: CloseOptions = {},
): Promise<void> {
  const graceMs = toTimerMs(grace, 'grace');
  application.get(TaskService, { strict: false }).beginShutdown();
  await application.get(Worker, { strict: false }).stop(graceMs, hurry, cold);
  await application.close();
}
