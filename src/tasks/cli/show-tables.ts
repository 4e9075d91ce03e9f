import type { QueueStatus } from '../control/administration.js';
import type { WorkerStatus } from '../control/worker-list.js';
import type { Output } from './globals.js';
import { age, ago, capped, megabytes } from './terminal/words.js';

export function showWorkers(output: Output, workers: readonly WorkerStatus[]): void {
  if (workers.length === 0) return output.line('no worker lives');
  output.table(
    [
      { title: 'WORKER', shrinks: true },
      { title: 'POOL' },
      { title: 'RUNS', align: 'right' },
      { title: 'DONE', align: 'right' },
      { title: 'FAILED', align: 'right' },
      { title: 'LAG', align: 'right' },
      { title: 'MEMORY', align: 'right' },
      { title: 'UP', align: 'right' },
      { title: 'QUEUES', shrinks: true },
    ],
    workers.map((worker) => [
      worker.alive ? worker.name : output.paint('dim', `${worker.name} (dead)`),
      worker.pool ?? '-',
      `${worker.running}/${worker.concurrency ?? '?'}`,
      String(worker.processed),
      String(worker.failures),
      worker.eventLoopLagMs === null ? '-' : `${worker.eventLoopLagMs}ms`,
      megabytes(worker.memory),
      ago(worker.aliveSince),
      worker.paused ? 'paused' : worker.queues.join(','),
    ]),
  );
}

export function showQueues(output: Output, queues: readonly QueueStatus[]): void {
  if (queues.length === 0) return output.line('no queue was ever used');
  output.table(
    [
      { title: 'QUEUE', shrinks: true },
      { title: 'READY', align: 'right' },
      { title: 'OLDEST', align: 'right' },
      { title: 'RUN', align: 'right' },
      { title: 'WORKERS', align: 'right' },
      { title: 'STATE' },
    ],
    queues.map((queue) => [
      queue.name,
      capped(queue.depth),
      age(queue.oldestMs),
      String(queue.running),
      String(queue.workers.length),
      stateOf(output, queue),
    ]),
  );
}

function stateOf(output: Output, { pausedAt, unattended }: QueueStatus): string {
  if (pausedAt !== null) return output.paint('yellow', `paused ${ago(pausedAt)} ago`);
  return unattended ? output.paint('red', 'nobody listens') : output.paint('green', 'open');
}
