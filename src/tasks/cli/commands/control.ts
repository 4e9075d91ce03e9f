import { type Command } from 'commander';
import type { Control, Controls } from '../../control/remote/commands.js';
import { LOG_LEVELS } from '../../execution/log-level.js';
import type { TaskOverride } from '../../definition/task-overrides.js';
import { withConnection } from '../connection.js';
import type { ExitCode } from '../exit-codes.js';
import type { Output } from '../globals.js';
import type { Acts } from '../program.js';
import { showAnswers } from '../show-answers.js';
import { addWorkerTarget, remoteOptions, type TargetFlags } from '../worker-target.js';
import { named } from './inspect.js';

/** Each command with its arguments, and what they come to. */
const COMMANDS: {
  readonly [K in Control]: readonly [string, string, (...args: string[]) => Controls[K]['params']];
} = {
  add_consumer: ['<queue>', 'take from this queue, too', (queue = '') => ({ queue })],
  cancel_consumer: ['<queue>', 'take nothing more from this queue', (queue = '') => ({ queue })],
  pool_grow: ['[n]', 'so many tasks, or child processes, more at once (1)', (n) => ({ n: count(n) })],
  pool_shrink: ['[n]', 'so many fewer (1)', (n) => ({ n: count(n) })],
  pool_restart: ['', 'replace every child process, when it is done with what it runs', () => ({})],
  autoscale: [
    '<max> [min]',
    'as many child processes as what waits asks for',
    (max, min) => ({ max: Number(max), min: count(min) }),
  ],
  pause: ['', 'take nothing; what runs goes on', () => ({})],
  resume: ['', 'take tasks again', () => ({})],
  loglevel: ['<level>', `say more or less: ${LOG_LEVELS.join(', ')}`, (level) => ({ level: level as 'log' })],
  shutdown: ['', 'finish what runs, and end', () => ({})],
};

export function addControl(program: Command, acts: Acts): void {
  const control = program
    .command('control')
    .description('Tells running workers what to do, and changes limits of tasks.')
    .helpCommand(false)
    .addHelpText(
      'after',
      '\nExits with 1 when a worker refused, 4 when one did not answer in time. Who did it is kept in the audit.',
    );
  for (const name of Object.keys(COMMANDS) as Control[]) {
    const [args, description, params] = COMMANDS[name];
    const command = addWorkerTarget(named(control, name).description(description));
    if (args !== '') command.arguments(args);
    acts(command, async (output: Output, ...given: unknown[]): Promise<ExitCode> => {
      const flags = given.at(-1) as TargetFlags;
      const wanted = params(...(given.slice(0, -1) as string[]));
      return withConnection(output.options, output.io, async ({ remote }) =>
        showAnswers(output, await remote.control(name, wanted, remoteOptions(output, flags))),
      );
    });
  }
  addLimits(control, acts);
}

/** These change rows, for all workers, and those that start later. */
function addLimits(control: Command, acts: Acts): void {
  const rate = named(control, 'rate_limit')
    .description(
      "how often a task may start, across all workers, until it is changed again: '10/m', 0, or default",
    )
    .arguments('<task> <rate>')
    .option('--burst <n>', 'how many may start at once', Number);
  acts(rate, async (output: Output, task: string, given: string, { burst }: { burst?: number }) =>
    withConnection(output.options, output.io, async ({ remote }) => {
      await remote.rateLimit(task, given === 'default' ? undefined : numberOr(given), {
        burst,
        by: output.io.user,
      });
      await showOverride(output, remote, task);
    }),
  );
  const time = named(control, 'time_limit')
    .description("how long a task may run, until it is changed again: '30s', 0 for no limit, or default")
    .arguments('<task> <soft> [hard]');
  acts(time, async (output: Output, task: string, soft: string, hard: string = 'default') =>
    withConnection(output.options, output.io, async ({ remote }) => {
      const limit = (text: string) => (text === 'default' ? undefined : numberOr(text));
      await remote.timeLimit(task, { soft: limit(soft), hard: limit(hard) }, { by: output.io.user });
      await showOverride(output, remote, task);
    }),
  );
}

async function showOverride(
  output: Output,
  remote: { overrides(): Promise<readonly TaskOverride[]> },
  task: string,
): Promise<void> {
  const override: TaskOverride = (await remote.overrides()).find((each) => each.task === task) ?? { task };
  output.answer(override, () => {
    const changed = Object.entries(override).filter(
      ([name, value]) => name !== 'task' && value !== undefined,
    );
    output.line(
      `${task}: ${changed.length === 0 ? 'as its code says' : changed.map(([name, value]) => `${name} ${String(value)}`).join(', ')}`,
    );
  });
}

const count = (text: string | undefined): number => (text === undefined ? 1 : Number(text));
const numberOr = (text: string): string | number => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : text);
