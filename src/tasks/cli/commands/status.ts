import type { Command } from 'commander';
import type { QueueStatus } from '../../control/administration.js';
import type { WorkerStatus } from '../../control/worker-list.js';
import { withConnection } from '../connection.js';
import type { Output } from '../globals.js';
import type { Acts } from '../program.js';
import { showQueues, showWorkers } from '../show-tables.js';
import { styleOf } from '../terminal/paint.js';
import { capped } from '../terminal/words.js';
import type { TaskState } from '../../store/states.js';

export function addStatus(program: Command, acts: Acts): void {
  const command = program
    .command('status')
    .description('Workers, queues, and how many tasks are in which state.');
  acts(command, (output: Output) =>
    withConnection(output.options, output.io, async ({ administration, tasks }) => {
      const [workers, queues, counts] = await Promise.all([
        administration.workers(),
        administration.queues(),
        tasks.counts(),
      ]);
      output.answer({ workers, queues, counts }, () => show(output, workers, queues, counts));
    }),
  );
}

function show(
  output: Output,
  workers: readonly WorkerStatus[],
  queues: readonly QueueStatus[],
  counts: Readonly<Record<TaskState, number>>,
): void {
  showWorkers(
    output,
    workers.filter(({ alive }) => alive),
  );
  output.line();
  if (queues.length > 0) {
    showQueues(output, queues);
    output.line();
  }
  const states = (Object.entries(counts) as [TaskState, number][])
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${output.paint(styleOf(state), state)} ${capped(count)}`);
  output.line(states.length === 0 ? 'no tasks' : states.join('  '));
  for (const { name } of queues.filter((queue) => queue.unattended))
    output.warn(`tasks wait in '${name}', and no living worker takes from it`);
}
