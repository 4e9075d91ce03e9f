import { isMainThread, parentPort } from 'node:worker_threads';
import type { INestApplicationContext } from '@nestjs/common';
import { namedStep } from '../../workflow/step.js';
import type { Outcome } from '../outcome.js';
import { RunningTask } from '../running-task.js';
import type { WorkerPlan } from '../worker-plan.js';
import { Worker } from '../worker.js';
import type { IsolatedMessage, IsolatedOrder } from './isolated-messages.js';

/**
 * A thread or process that runs isolated tasks: the application, and no worker. It is given claimed tasks, runs them
 * through the same pipeline as a worker, and answers with their outcomes; who gave them writes these down.
 */
export async function runIsolated(
  boot: () => Promise<INestApplicationContext>,
  { limits }: Pick<WorkerPlan, 'limits'>,
): Promise<INestApplicationContext> {
  if (isMainThread) {
    // a worker ends this process when it has no more use for it
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTERM'] as const) process.on(signal, () => undefined);
    process.once('disconnect', () => process.exit());
  }
  const context = await boot();
  const { runner, signals, makeLogger } = context.get(Worker, { strict: false }).isolated(limits);
  const running = new Map<string, RunningTask>();

  const run = async (task: RunningTask['task']) => {
    const noteProgress = (_: RunningTask, progress: string) =>
      tell({ kind: 'progress', id: task.id, progress });
    const current = new RunningTask(task, noteProgress, signals, makeLogger);
    running.set(task.id, current);
    const outcome = await runner.run(current);
    running.delete(task.id);
    tell({ kind: 'outcome', id: task.id, outcome: portable(outcome) });
  };
  listen((order) => {
    if (order.kind === 'run') void run(order.task);
    else running.get(order.id)?.abort(order.why, order.message);
  });
  tell({ kind: 'ready' });
  return context;
}

/** Functions do not go along: in the worker the tasks that it asks for are found by their names. */
function portable(outcome: Outcome): Outcome {
  if (outcome.kind === 'replace') return { ...outcome, step: namedStep(outcome.step) };
  return outcome.kind === 'end' && outcome.more ? { ...outcome, more: outcome.more.map(namedStep) } : outcome;
}

function listen(heed: (order: IsolatedOrder) => void): void {
  if (isMainThread) process.on('message', heed);
  else parentPort!.on('message', heed);
}

function tell(message: IsolatedMessage): void {
  if (!isMainThread) parentPort!.postMessage(message);
  else if (process.connected) process.send!(message, () => undefined);
}
