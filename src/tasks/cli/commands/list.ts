import type { Command } from 'commander';
import { withConnection, type Connection } from '../connection.js';
import type { Output } from '../globals.js';
import type { Acts } from '../program.js';
import { allSchedules } from '../find-schedule.js';
import { showSchedules } from '../show-schedules.js';
import { showQueues, showWorkers } from '../show-tables.js';

type Show = (output: Output, connection: Connection) => Promise<void>;

export function addList(program: Command, acts: Acts): void {
  const list = program
    .command('list')
    .description('Lists tasks, queues, workers or schedules.')
    .helpCommand(false);
  for (const [what, description, show] of LISTS)
    acts(list.command(what).description(description), (output: Output) =>
      withConnection(output.options, output.io, (connection) => show(output, connection), {
        schedules: true,
      }),
    );
}

const LISTS: readonly (readonly [string, string, Show])[] = [
  ['tasks', 'what living workers have the code of', listTasks],
  ['queues', 'every queue ever used, and what waits in it', listQueues],
  ['workers', 'workers that live, or died within the last hour', listWorkers],
  ['schedules', 'what makes tasks by the clock, and when next', listSchedules],
];

async function listTasks(output: Output, { administration }: Connection): Promise<void> {
  const tasks = await administration.registered();
  output.answer(tasks, () => {
    if (tasks.length === 0) return output.line('no worker lives, so no task is known');
    output.table(
      [{ title: 'TASK', shrinks: true }, { title: 'QUEUE' }, { title: 'LIMITED' }],
      tasks.map(({ name, queue, limited }) => [name, queue, limited ? 'yes' : '']),
    );
  });
}

async function listQueues(output: Output, { administration }: Connection): Promise<void> {
  const queues = await administration.queues();
  output.answer(queues, () => showQueues(output, queues));
}

async function listWorkers(output: Output, { administration }: Connection): Promise<void> {
  const workers = await administration.workers();
  output.answer(workers, () => showWorkers(output, workers));
}

async function listSchedules(output: Output, { schedules }: Connection): Promise<void> {
  const all = await allSchedules(schedules);
  output.answer(all, () => showSchedules(output, all));
}
