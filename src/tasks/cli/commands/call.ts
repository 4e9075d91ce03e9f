import { Option, type Command } from 'commander';
import type { SubmitOptions } from '../../submission/submit-options.js';
import { withConnection, type Connection } from '../connection.js';
import { CliError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Output } from '../globals.js';
import { knownTask } from '../known-task.js';
import { jsonArray, jsonOrText, pair } from '../parsers.js';
import type { Acts } from '../program.js';
import { showResult } from '../show-result.js';

interface CallFlags {
  readonly args?: unknown[];
  readonly queue?: string;
  readonly priority?: number;
  readonly countdown?: string;
  readonly eta?: string;
  readonly expires?: string;
  readonly timeLimit?: string;
  readonly softTimeLimit?: string;
  readonly idempotencyKey?: string;
  readonly tag?: Record<string, string>;
  readonly header?: Record<string, string>;
  readonly wait?: boolean;
  readonly timeout?: string;
  readonly force?: boolean;
}

export function addCall(program: Command, acts: Acts): void {
  const command = program
    .command('call')
    .description('Submits a task; prints its id, or with --wait its result.')
    .argument('<task>', "its name, such as 'math.add'")
    .argument('[args...]', 'its arguments: JSON, or text where that is no JSON')
    .option('-a, --args <json>', 'all arguments as one JSON array instead', jsonArray)
    .option('-q, --queue <name>', 'the queue; without it the one that the task has in its worker')
    .option('--priority <0-9>', '9 first', Number)
    .option('--countdown <time>', "not before this long from now, such as '10m'")
    .option('--eta <time>', 'not before this time, ISO 8601 with a zone')
    .option('--expires <time>', 'revoked when not started by then: a duration or an ISO 8601 time')
    .option('--soft-time-limit <time>', 'its signal is aborted after this long')
    .option('--time-limit <time>', 'it is ended after this long')
    .option('--idempotency-key <key>', 'the same key gives the same task for 24 hours')
    .option('--tag <name=value>', 'a tag; may be given again', pair)
    .option('--header <name=value>', 'a header; may be given again', pair)
    .option('-w, --wait', 'wait for the result, as celeriac result does')
    .addOption(new Option('-t, --timeout <time>', 'how long to wait').default(undefined, 'for ever'))
    .option('-f, --force', 'submit although no worker has a task of this name')
    .addHelpText(
      'after',
      `
The code of the task is not at hand here: its worker checks the arguments, and its limits and unique keys do not hold.

Examples:
  celeriac call math.add 2 3 --wait
  celeriac call images.thumbnail -a '[{"source":"a.png","width":64}]' --queue images --priority 9`,
    );
  acts(command, call);
}

async function call(output: Output, task: string, given: string[], flags: CallFlags): Promise<ExitCode> {
  if (flags.args && given.length > 0)
    throw new CliError('give the arguments one by one or with --args, not both', EXIT.usage);
  const args = flags.args ?? given.map(jsonOrText);
  return withConnection(
    output.options,
    output.io,
    async (connection) => {
      const queue = flags.queue ?? (await placeOf(connection, output, task, flags.force ?? false));
      const record = await connection.tasks.accept(task, args, optionsOf(flags, queue));
      if (flags.wait) return showResult(connection, output, record.id, flags);
      output.answer(record, () => output.line(record.id));
      return EXIT.ok;
    },
    { publishes: true },
  );
}

/** The queue of a task that workers have the code of. @throws CliError for one that nobody has */
async function placeOf(
  connection: Connection,
  output: Output,
  task: string,
  force: boolean,
): Promise<string | undefined> {
  const found = await knownTask(connection, task, { force });
  if (!found) output.warn('no living worker has this task: it waits for one, in the default queue');
  if (found?.limited)
    output.warn(
      `${task} has limits or is unique: that holds for what the application submits, not for this call`,
    );
  return found?.queue;
}

function optionsOf(flags: CallFlags, queue: string | undefined): SubmitOptions {
  const { priority, countdown, eta, expires, timeLimit, softTimeLimit, idempotencyKey, tag, header } = flags;
  const options = {
    queue,
    priority,
    countdown,
    eta,
    expires,
    timeLimit,
    softTimeLimit,
    idempotencyKey,
    tags: tag,
    headers: header,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
