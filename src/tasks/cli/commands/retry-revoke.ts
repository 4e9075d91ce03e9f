import type { Command } from 'commander';
import type { TaskRecord } from '../../submission/task-view.js';
import { forEach, type Done } from '../for-each.js';
import type { Output } from '../globals.js';
import type { Acts } from '../program.js';
import { styleOf } from '../terminal/paint.js';

export function addRetry(program: Command, acts: Acts): void {
  const command = program
    .command('retry')
    .description('Makes failed or revoked tasks live again, under their ids and with fresh budgets.')
    .argument('<ids...>', 'their ids');
  acts(command, (output: Output, ids: string[]) =>
    forEach(output, ids, { publishes: true }, async ({ tasks }, id) =>
      told(output, await tasks.retry(id, { by: output.io.user })),
    ),
  );
}

export function addRevoke(program: Command, acts: Acts): void {
  const command = program
    .command('revoke')
    .description('Ends tasks that wait; asks those that run to end.')
    .argument('<ids...>', 'their ids')
    .option('--terminate', 'write off at once what runs, whatever it still does');
  acts(command, (output: Output, ids: string[], { terminate = false }: { terminate?: boolean }) =>
    forEach(output, ids, {}, async ({ tasks }, id) =>
      told(output, await tasks.revoke(id, { terminate, by: output.io.user })),
    ),
  );
}

const told = (output: Output, { id, name, state }: TaskRecord): Done => ({
  answer: { id, name, state },
  line: `${id} ${output.paint(styleOf(state), state)} ${name}`,
});
