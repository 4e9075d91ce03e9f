import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { addWorkerFlags } from '../../execution/worker-flags.js';
import { CliError } from '../errors.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../globals.js';
import type { Acts } from '../program.js';
import { endAtBrokenPipe } from '../terminal/broken-pipe.js';

interface WorkerCommandFlags {
  readonly app: string;
}

export function addWorker(program: Command, acts: Acts): void {
  const flags = addWorkerFlags(new Command());
  const command = program
    .command('worker')
    .description(
      'Starts a worker of the application in this folder; the options are those of its worker entry.',
    )
    .option('-A, --app <file>', 'the built worker entry', 'dist/worker.js')
    .argument('[options...]')
    .usage('[-A file] [options]')
    .allowUnknownOption()
    .addHelpText(
      'after',
      () => `
Options that an entry with workerFlags() takes, as celeriac init writes it:
${flags
  .createHelp()
  .formatHelp(flags, flags.createHelp())
  .split('\n')
  .filter((line) => /^ {2,}/.test(line))
  .join('\n')}

It runs in this very process, so signals, exit codes and output are its own.`,
    );
  acts(command, startWorker);
}

async function startWorker(
  { io, options }: Output,
  rest: string[],
  { app }: WorkerCommandFlags,
): Promise<void> {
  const entry = resolve(io.cwd, app);
  if (!existsSync(entry))
    throw new CliError(
      `${app} is not there: build the application first (npm run build), or give its worker entry with -A`,
      EXIT.notFound,
    );
  // the entry reads them as if it had been started itself
  process.argv.splice(1, Number.POSITIVE_INFINITY, entry, ...rest);
  if (options.databaseUrl !== undefined) process.env.DATABASE_URL = options.databaseUrl;
  if (options.broker !== undefined) process.env.BROKER_URL = options.broker;
  // a worker whose log nobody reads must not end as if all were well
  process.stdout.off('error', endAtBrokenPipe);
  // uncaught, as if it had been started itself: nothing that it has opened keeps the process then
  await import(pathToFileURL(entry).href).catch(
    (error: unknown) =>
      void setImmediate(() => {
        throw error;
      }),
  );
}
