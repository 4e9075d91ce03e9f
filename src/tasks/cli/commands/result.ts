import { Option, type Command } from 'commander';
import { isFinal } from '../../store/states.js';
import { withConnection } from '../connection.js';
import type { ExitCode } from '../exit-codes.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../globals.js';
import type { Acts } from '../program.js';
import { showResult } from '../show-result.js';
import { styleOf } from '../terminal/paint.js';

export function addResult(program: Command, acts: Acts): void {
  const command = program
    .command('result')
    .description("Waits for a task's end, shows how far it is, and prints its result.")
    .argument('<id>', 'the id that celeriac call printed')
    .addOption(new Option('-t, --timeout <time>', 'how long to wait').default(undefined, 'for ever'))
    .option('--no-wait', 'print how the task is now, whether it has ended or not')
    .addHelpText(
      'after',
      '\nExits with 0 for SUCCESS, 1 for FAILURE and REVOKED, 3 for an unknown id, 4 when it has not ended.',
    );
  acts(command, result);
}

async function result(
  output: Output,
  id: string,
  flags: { timeout?: string; wait: boolean },
): Promise<ExitCode | void> {
  return withConnection(output.options, output.io, async (connection) => {
    if (flags.wait) return showResult(connection, output, id, flags);
    const record = await connection.tasks.record(id);
    output.answer(record, () => {
      const { state, name, queue, attempt, worker, progress } = record;
      output.line(
        `${output.paint(styleOf(state), state)} ${name} in ${queue}, attempt ${attempt}${worker ? `, ${worker}` : ''}`,
      );
      if (progress)
        output.line(
          `progress: ${progress.percent ?? progress.current}${progress.percent === null ? '' : ' %'} ${progress.message ?? ''}`.trimEnd(),
        );
      if (state === 'SUCCESS') output.line(JSON.stringify(record.result, undefined, 2));
      if (record.error) output.line(`${record.error.name}: ${record.error.message}`);
    });
    if (!isFinal(record.state)) return EXIT.timeout;
    return record.state === 'SUCCESS' ? EXIT.ok : EXIT.failed;
  });
}
