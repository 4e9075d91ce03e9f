import { Command, InvalidArgumentError, Option } from 'commander';
import type { LogLevel } from '@nestjs/common';
import { InvalidOptionError, didYouMean } from '../errors.js';
import { LOG_FORMATS } from '../observability/task-console-logger.js';
import { LOG_LEVELS } from './log-level.js';
import type { AutoscaleOptions, RunWorkerOptions } from './run-worker.options.js';
import { planWorker } from './worker-plan.js';

/** Adds the options of a worker, with Celery's names. */
export function addWorkerFlags(command: Command): Command {
  return command
    .option(
      '-n, --hostname <name>',
      "its name: %h is the host, %n that without its domain, %d the domain, %p the process (default '%h-%p')",
    )
    .option('-Q, --queues <queues>', 'the queues to take from, with commas; all without it', list)
    .option('-X, --exclude-queues <queues>', 'queues not to take from, with commas', list)
    .option('-c, --concurrency <n>', 'tasks at once; with -P prefork child processes', whole)
    .addOption(
      new Option('-P, --pool <pool>', 'all tasks in one process, or in child processes').choices([
        'async',
        'prefork',
      ]),
    )
    .option('--concurrency-per-child <n>', 'prefork: tasks at once in each child process (1)', whole)
    .option('--max-tasks-per-child <n>', 'prefork: a child is replaced after so many tasks', whole)
    .option('--max-memory-per-child <KiB>', 'prefork: a child is replaced above this resident memory', whole)
    .option('--max-child-age <time>', "prefork: a child is replaced after this time, such as '6h'")
    .option('--autoscale <max,min>', 'grows while tasks wait, and shrinks', autoscale)
    .option('--isolates <n>', 'threads and processes for isolated tasks', whole)
    .option('--soft-time-limit <time>', "for tasks that have none: '30s', or seconds", seconds)
    .option('--time-limit <time>', "for tasks that have none: '1m', or seconds", seconds)
    .option('-B, --beat', 'makes the tasks of schedules, as every worker does (each tick makes one task)')
    .option('--no-beat', 'leaves schedules to other workers')
    .option('--purge', 'revokes what waits in its queues before it starts')
    .option('-l, --loglevel <level>', `says no more than this: ${LOG_LEVELS.join(', ')}`, logLevel)
    .option('--shutdown-grace <time>', "how long running tasks may go on after SIGTERM, such as '30s'")
    .addOption(
      new Option('--log-format <format>', 'a JSON object a line, or text; lines tell which task ran').choices(
        LOG_FORMATS,
      ),
    )
    .option('--health-port <port>', 'answers /live, /ready, /status and /metrics over HTTP', port)
    .option('--health-host <address>', 'where that listens (0.0.0.0)')
    .option('--health-file <path>', 'a file whose time is renewed while the worker is alive');
}

/** What `addWorkerFlags` parses. */
export type WorkerFlags = Omit<
  RunWorkerOptions,
  'name' | 'logLevel' | 'health' | 'nest' | 'maxChildAge' | 'shutdownGrace'
> & {
  maxChildAge?: string;
  shutdownGrace?: string;
  hostname?: string;
  loglevel?: LogLevel;
  healthPort?: number;
  healthHost?: string;
  healthFile?: string;
};

/** As options of `runWorker()`, without what was not given. */
export function optionsOfFlags(flags: WorkerFlags): RunWorkerOptions {
  const { hostname, loglevel, healthPort, healthHost, healthFile, ...rest } = flags;
  const health = {
    ...(healthPort !== undefined && { port: healthPort }),
    ...(healthHost !== undefined && { host: healthHost }),
    ...(healthFile !== undefined && { file: healthFile }),
  };
  return {
    ...rest,
    ...(hostname !== undefined && { name: hostname }),
    ...(loglevel !== undefined && { logLevel: loglevel }),
    ...(Object.keys(health).length > 0 && { health }),
  };
}

/**
 * Reads a worker's command line over what the application says otherwise: `runWorker(AppModule, workerFlags({ … }))`.
 * `--help` prints what there is and ends the process; a mistake is said in a line and ends it with 1.
 * @param otherwise options where the command line has none
 * @param args default: those of this process
 */
export function workerFlags(
  otherwise: RunWorkerOptions = {},
  args: readonly string[] = process.argv.slice(2),
): RunWorkerOptions {
  const command = addWorkerFlags(new Command('worker'))
    .description('Takes tasks and runs them, until SIGTERM.')
    .showHelpAfterError('(--help tells what there is)')
    .allowExcessArguments(false);
  explainCelerys(command, args);
  const given = optionsOfFlags(command.parse([...args], { from: 'user' }).opts<WorkerFlags>());
  const options = { ...otherwise, ...given, health: { ...otherwise.health, ...given.health } };
  // either says how many: the nearer one counts
  if (given.autoscale) delete options.concurrency;
  else if (given.concurrency !== undefined) delete options.autoscale;
  refuse(command, given, options);
  return options;
}

function list(text: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  if (names.length === 0)
    throw new InvalidArgumentError("expected names with commas, such as 'images,mail'.");
  return names;
}

function whole(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number from 1.');
}

/** A number alone is seconds, as in Celery. */
function seconds(text: string): string {
  return /^\d+(\.\d+)?$/.test(text) ? `${text}s` : text;
}

/** Celery's names too. */
const CELERYS: Readonly<Record<string, LogLevel>> = { info: 'log', warning: 'warn', critical: 'fatal' };

function logLevel(text: string): LogLevel {
  const name = text.toLowerCase();
  const found = CELERYS[name] ?? LOG_LEVELS.find((level) => level === name);
  if (found) return found;
  const known = [...LOG_LEVELS, ...Object.keys(CELERYS)];
  throw new InvalidArgumentError(`expected one of ${known.join(', ')}${didYouMean(name, known)}`);
}

function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('expected a port number.');
}

/** `10,3` as Celery has it, or `10`. */
function autoscale(text: string): AutoscaleOptions {
  const [, max, min] = /^([1-9]\d{0,4})(?:,([1-9]\d{0,4}))?$/.exec(text) ?? [];
  if (max === undefined) throw new InvalidArgumentError("expected the most and the fewest, such as '10,3'.");
  return { max: Number(max), ...(min !== undefined && { min: Number(min) }) };
}

/** Options of Celery's worker that are not needed here, and why. */
const NOT_NEEDED: Readonly<Record<string, string>> = {
  '-E': 'events are told whenever somebody listens (celeriac events)',
  '--task-events': 'events are told whenever somebody listens (celeriac events)',
  '-D': 'a service manager or a container keeps it in the background',
  '--detach': 'a service manager or a container keeps it in the background',
  '-O': 'a task is taken only when it can run: no worker hoards any',
  '--prefetch-multiplier': 'a task is taken only when it can run: no worker hoards any',
  '--without-gossip': 'workers do not talk to each other',
  '--without-mingle': 'workers do not talk to each other',
  '--without-heartbeat': 'its lease is how a dead worker is known, and tasks are given out anew',
  '--heartbeat-interval': "the lease decides: TasksModule.forRoot({ lease: '15s' })",
  '-S': 'what was revoked is in the database',
  '--statedb': 'what was revoked is in the database',
  '-s': 'schedules are in the database',
  '--schedule': 'schedules are in the database',
  '-f': 'it writes its log to standard output',
  '--logfile': 'it writes its log to standard output',
  '--pidfile': 'a service manager knows the process',
};

function explainCelerys(command: Command, args: readonly string[]): void {
  for (const arg of args) {
    const name = arg.split('=', 1)[0]!;
    if (Object.hasOwn(NOT_NEEDED, name))
      command.error(`error: Celery's option ${name} is not there: ${NOT_NEEDED[name]}`);
  }
}

/** What is wrong with the command line is said in a line; what the application says is for `runWorker()` to refuse. */
function refuse(command: Command, given: RunWorkerOptions, options: RunWorkerOptions): void {
  try {
    planWorker(options);
  } catch (error) {
    if (error instanceof InvalidOptionError && Object.hasOwn(given, error.option.split('.', 1)[0]!))
      command.error(`error: ${error.message}`);
  }
}
