import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.js';
import { addCall } from './commands/call.js';
import { addCompletion } from './commands/completion.js';
import { addControl } from './commands/control.js';
import { addDoctor } from './commands/doctor.js';
import { addEvents } from './commands/events.js';
import { addInit } from './commands/init.js';
import { addInspect } from './commands/inspect.js';
import { addList } from './commands/list.js';
import { addMigrate } from './commands/migrate.js';
import { addPurge } from './commands/purge.js';
import { addReport } from './commands/report.js';
import { addResult } from './commands/result.js';
import { addRetry, addRevoke } from './commands/retry-revoke.js';
import { addSchedule } from './commands/schedule.js';
import { addStatus } from './commands/status.js';
import { addWorker } from './commands/worker.js';
import { explain } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { Output, addGlobalOptions, globalOptions, type GlobalOptions } from './globals.js';
import { painter } from './terminal/paint.js';
import type { Io } from './terminal/io.js';

/** What an action does; resolves with how it ended, undefined for well. */
export type Action<Args extends unknown[]> = (output: Output, ...args: Args) => Promise<ExitCode | void>;

/** Gives a command its action: with the output that the global options ask for, and its exit code kept. */
export type Acts = <Args extends unknown[]>(command: Command, action: Action<Args>) => void;

const HELP = `
Exit codes: 0 done · 1 the task failed, or a worker refused · 2 not understood · 3 not found · 4 no answer in time ·
            5 the database or the broker cannot be used

Examples:
  celeriac call math.add 2 3 --wait          submit, and wait for the result
  celeriac status                            workers, queues and what waits
  celeriac inspect active                    what runs where
  celeriac control pool_grow 2 -d 'images-*' more tasks at once on some workers
  celeriac worker -Q images -c 8             start a worker of the application in this folder

Without --database-url or DATABASE_URL the embedded database of this folder (.celeriac/postgres) is used.`;

/** Runs a command line. @returns its exit code */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  let ended: ExitCode = EXIT.ok;
  const program = new Command('celeriac');
  const acts: Acts = (command, action) =>
    void command.action(async (...given: unknown[]) => {
      const output = new Output(io, globalOptions(command));
      // commander appends the command itself
      ended = (await action(output, ...(given.slice(0, -1) as never))) ?? EXIT.ok;
    });
  build(program, acts, io);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return ended;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return say(error, program.opts<GlobalOptions>(), io);
  }
}

/** Every command and option. */
export function build(program: Command, acts: Acts, io: Io): void {
  program
    .description('Background tasks for NestJS: starts workers, submits tasks, and looks after what runs.')
    .version(VERSION, '-V, --version')
    .showHelpAfterError('(celeriac --help tells what there is)')
    .showSuggestionAfterError()
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      getOutHelpWidth: () => io.columns,
    })
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .addHelpText('after', HELP);
  addGlobalOptions(program);
  program.commandsGroup('Tasks:');
  addCall(program, acts);
  addResult(program, acts);
  addRetry(program, acts);
  addRevoke(program, acts);
  addPurge(program, acts);
  program.commandsGroup('Schedules:');
  addSchedule(program, acts);
  program.commandsGroup('Workers:');
  addWorker(program, acts);
  addInspect(program, acts);
  addControl(program, acts);
  program.commandsGroup('Looking:');
  addStatus(program, acts);
  addList(program, acts);
  addEvents(program, acts);
  addReport(program, acts);
  program.commandsGroup('Setting up:');
  addInit(program, acts);
  addDoctor(program, acts);
  addMigrate(program, acts);
  addCompletion(program, acts);
}

function say(error: unknown, options: GlobalOptions, io: Io): ExitCode {
  const { code, message, exitCode, stack } = explain(error)!;
  if (options.json) io.err(`${JSON.stringify({ error: { code, message } })}\n`);
  else {
    const paint = painter(io.colour && options.color);
    io.err(`${paint('red', 'error:')} ${message}\n`);
    if (stack !== undefined) io.err(`This is a mistake of celeriac's. For a report:\n${stack}\n`);
  }
  return exitCode;
}
