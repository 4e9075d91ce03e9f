import { InvalidArgumentError, type Command } from 'commander';
import { once } from 'node:events';
import { TASK_EVENTS, type TaskEvent, type TaskEventName } from '../../events/task-events.js';
import { didYouMean } from '../../errors.js';
import { withConnection } from '../connection.js';
import type { Output } from '../globals.js';
import { whole } from '../parsers.js';
import type { Acts } from '../program.js';
import type { Style } from '../terminal/paint.js';

interface EventFlags {
  readonly only?: TaskEventName[];
  readonly task?: string;
  readonly limit?: number;
}

/** `submitting` is only heard where it happens. */
const NAMES = TASK_EVENTS.filter((name) => name !== 'submitting');
const STYLES: Partial<Record<TaskEventName, Style>> = {
  submitted: 'yellow',
  started: 'blue',
  succeeded: 'green',
  failed: 'red',
  lost: 'red',
  rejected: 'red',
  retried: 'magenta',
  revoked: 'dim',
};

export function addEvents(program: Command, acts: Acts): void {
  const command = program
    .command('events')
    .description('Shows what happens, as it happens, until Ctrl+C; with --json an object a line.')
    .option('--only <names>', `these alone, with commas: ${NAMES.join(', ')}`, readNames)
    .option('--task <name>', "of this task alone, or with '*' at the end of those that begin so")
    .option('-n, --limit <n>', 'end after so many', whole)
    .addHelpText(
      'after',
      '\nBest effort: under heavy load events are left out. Records are the truth (celeriac result).',
    );
  acts(command, events);
}

async function events(output: Output, { only = NAMES, task, limit }: EventFlags): Promise<void> {
  await withConnection(output.options, output.io, async ({ events: bus }) => {
    let left = limit ?? Number.POSITIVE_INFINITY;
    const enough = new AbortController();
    bus.listen(
      only,
      (event) => {
        if (left <= 0 || !concerns(event, task)) return;
        output.io.out(`${output.json ? JSON.stringify(event) : lineOf(output, event)}\n`);
        if (--left <= 0) enough.abort();
      },
      true,
    );
    bus.start();
    output.note(`listening${task === undefined ? '' : ` for ${task}`}; Ctrl+C ends it`);
    const signal = AbortSignal.any([output.io.interrupted, enough.signal]);
    // a signal alone does not keep the process alive
    const alive = setInterval(() => undefined, 60_000);
    if (left <= 0) enough.abort();
    if (!signal.aborted) await once(signal, 'abort');
    clearInterval(alive);
  });
}

function concerns(event: TaskEvent, task: string | undefined): boolean {
  if (task === undefined) return true;
  if (!('name' in event)) return false;
  return task.endsWith('*') ? event.name.startsWith(task.slice(0, -1)) : event.name === task;
}

function lineOf({ paint }: Output, event: TaskEvent): string {
  const time = paint('dim', event.at.slice(11, 23));
  const name = paint(STYLES[event.event] ?? 'cyan', event.event.padEnd(16));
  if (!('id' in event)) return `${time} ${name} ${event.worker}`;
  const details = [
    'worker' in event ? event.worker : '',
    'runtimeMs' in event ? `${event.runtimeMs} ms` : '',
    'error' in event ? `${event.error.name}: ${event.error.message}` : '',
    'reason' in event ? event.reason : '',
  ];
  return [time, name, event.name, event.id, ...details].filter(Boolean).join(' ');
}

function readNames(text: string): TaskEventName[] {
  return text.split(',').map((given) => {
    const found = NAMES.find((name) => name === given.trim());
    if (found) return found;
    throw new InvalidArgumentError(`no event is called '${given.trim()}'${didYouMean(given.trim(), NAMES)}`);
  });
}
