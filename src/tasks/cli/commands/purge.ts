import type { Command } from 'commander';
import { didYouMean } from '../../errors.js';
import { withConnection } from '../connection.js';
import { CliError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Output } from '../globals.js';
import type { Acts } from '../program.js';
import { plural } from '../terminal/words.js';

interface PurgeFlags {
  readonly all?: boolean;
  readonly force?: boolean;
}

export function addPurge(program: Command, acts: Acts): void {
  const command = program
    .command('purge')
    .description('Revokes what is ready in queues; delayed tasks and retries stay.')
    .argument('[queues...]', 'their names')
    .option('--all', 'every queue')
    .option('-f, --force', 'do not ask');
  acts(command, purge);
}

async function purge(output: Output, names: string[], { all, force }: PurgeFlags): Promise<ExitCode | void> {
  if (names.length === 0 && !all) throw new CliError('purge: give names of queues, or --all', EXIT.usage);
  return withConnection(
    output.options,
    output.io,
    async ({ administration }) => {
      const queues = await administration.queues();
      const known = queues.map((queue) => queue.name);
      for (const name of names)
        if (!known.includes(name))
          throw new CliError(
            `no queue is called '${name}'${didYouMean(name, known)}`,
            EXIT.notFound,
            'UNKNOWN_QUEUE',
          );
      const chosen = all ? queues : queues.filter((queue) => names.includes(queue.name));
      const waiting = chosen.reduce((sum, queue) => sum + queue.depth, 0);
      const question = `Revoke ${plural(waiting, 'task')} in ${chosen.map((queue) => queue.name).join(', ')}?`;
      if (!force && !(await output.io.confirm(question)))
        throw new CliError('nothing was purged: say yes, or give --force', EXIT.usage);
      const purged: Record<string, number> = {};
      for (const { name } of chosen) purged[name] = await administration.purge(name, { by: output.io.user });
      output.answer({ purged }, () => {
        for (const [name, count] of Object.entries(purged))
          output.line(`${name}: ${plural(count, 'task')} revoked`);
      });
    },
    { publishes: true },
  );
}
