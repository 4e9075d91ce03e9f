import type { Command } from 'commander';
import type { Inspection } from '../../control/remote/commands.js';
import { withConnection } from '../connection.js';
import type { ExitCode } from '../exit-codes.js';
import type { Output } from '../globals.js';
import { whole } from '../parsers.js';
import type { Acts } from '../program.js';
import { showAnswers } from '../show-answers.js';
import { addWorkerTarget, remoteOptions, type TargetFlags } from '../worker-target.js';

const QUESTIONS: readonly (readonly [Exclude<Inspection, 'query_task'>, string])[] = [
  ['ping', 'whether workers answer'],
  ['stats', 'how they are: pool, slots, counts, load, memory, event-loop lag'],
  ['active', 'what they run'],
  ['reserved', 'what they have taken and do not run yet'],
  ['revoked', 'what they run and was asked to end'],
  ['active_queues', 'the queues that they take from'],
  ['registered', 'the tasks that they have the code of'],
  ['conf', 'how they are set up, without secrets'],
  ['report', 'versions and settings, for a bug report'],
  ['memsample', 'their memory in bytes'],
];

export function addInspect(program: Command, acts: Acts): void {
  const inspect = program
    .command('inspect')
    .description('Asks running workers.')
    .helpCommand(false)
    .addHelpText('after', '\nExits with 4 when a worker did not answer in time, or none lives.');
  for (const [what, description] of QUESTIONS) {
    const command = addWorkerTarget(named(inspect, what).description(description));
    acts(command, async (output: Output, flags: TargetFlags): Promise<ExitCode> =>
      withConnection(output.options, output.io, async ({ remote }) =>
        showAnswers(output, await remote.inspect(what, {}, remoteOptions(output, flags))),
      ),
    );
  }
  const query = addWorkerTarget(
    named(inspect, 'query_task')
      .description('which workers have these tasks')
      .argument('<ids...>', 'their ids'),
  );
  acts(query, async (output: Output, ids: string[], flags: TargetFlags): Promise<ExitCode> =>
    withConnection(output.options, output.io, async ({ remote }) =>
      showAnswers(output, await remote.inspect('query_task', { ids }, remoteOptions(output, flags))),
    ),
  );
  const scheduled = inspect
    .command('scheduled')
    .description('delayed tasks and retries, the next first: they are in the database, no worker is asked')
    .option('-n, --limit <n>', 'at most so many', whole, 50);
  acts(scheduled, async (output: Output, { limit }: { limit: number }) =>
    withConnection(output.options, output.io, async ({ remote }) => {
      const tasks = await remote.scheduled(limit);
      output.answer(tasks, () =>
        output.table(
          [
            { title: 'DUE' },
            { title: 'TASK', shrinks: true },
            { title: 'QUEUE' },
            { title: 'STATE' },
            { title: 'ID' },
          ],
          tasks.map(({ dueAt, name, queue, state, id }) => [dueAt, name, queue, state, id]),
        ),
      );
    }),
  );
}

/** Celery's name, and the same with hyphens. */
export function named(parent: Command, name: string): Command {
  const command = parent.command(name);
  return name.includes('_') ? command.alias(name.replaceAll('_', '-')) : command;
}
