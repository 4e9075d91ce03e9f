import type { ScheduleRecord } from '../schedule/schedule-record.js';
import type { SchedulePreview } from '../schedule/schedule.service.js';
import type { Output } from './globals.js';
import { ago, ahead, inZone } from './terminal/words.js';

export function showSchedules(output: Output, schedules: readonly ScheduleRecord[]): void {
  if (schedules.length === 0) return output.line('there is no schedule');
  output.table(
    [
      { title: 'SCHEDULE', shrinks: true },
      { title: 'TASK', shrinks: true },
      { title: 'WHEN', shrinks: true },
      { title: 'NEXT', align: 'right' },
      { title: 'LAST', align: 'right' },
      { title: 'RUNS', align: 'right' },
      { title: 'STATE' },
    ],
    schedules.map((schedule) => [
      schedule.name,
      schedule.task,
      schedule.when,
      ahead(schedule.nextAt),
      schedule.lastRunAt === null ? '-' : `${ago(schedule.lastRunAt)} ago`,
      String(schedule.totalRunCount),
      stateOf(output, schedule),
    ]),
  );
}

/** When it ticks, in plain language, and the next runs by its own clock. */
export function showPreview(output: Output, { when, runs, timezone }: SchedulePreview): void {
  output.line(when);
  if (runs.length === 0) output.line('next runs: none');
  for (const [i, run] of runs.entries())
    output.line(
      `${i === 0 ? 'next runs:' : '          '} ${inZone(run, timezone)}  ${output.paint('dim', ahead(run))}`,
    );
}

/** All of it that is not the default. */
export function showSchedule(output: Output, schedule: ScheduleRecord, preview: SchedulePreview): void {
  const { name, task, args, origin, changes, lastTaskId, lastRunAt, skippedCount } = schedule;
  output.line(`${output.paint('bold', name)}  ${stateOf(output, schedule)}`);
  showPreview(output, preview);
  const facts: Record<string, string | null> = {
    task: `${task}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`,
    description: schedule.description,
    queue: schedule.queue,
    priority: textOf(schedule.priority),
    overlap: schedule.overlap === 'allow' ? null : schedule.overlap,
    'catch-up': schedule.catchUp === 'once' ? null : schedule.catchUp,
    'catch-up limit': textOf(schedule.catchUpLimit),
    jitter: textOf(schedule.jitter),
    expires: textOf(schedule.expires),
    'start time': schedule.startTime,
    tags: pairsOf(schedule.tags),
    headers: pairsOf(schedule.headers),
    made:
      origin === 'operator'
        ? 'by an operator'
        : `by the code${changes.length > 0 ? `, changed: ${changes.join(', ')}` : ''}`,
    runs: `${schedule.totalRunCount}${skippedCount > 0 ? `, ${skippedCount} skipped` : ''}`,
    last:
      lastRunAt === null ? null : `${inZone(lastRunAt, schedule.timezone)}  ${lastTaskId ?? ''}`.trimEnd(),
    error: schedule.lastError && output.paint('red', schedule.lastError),
  };
  for (const [title, text] of Object.entries(facts))
    if (text) output.line(`${`${title}:`.padEnd(16)}${text}`);
}

function stateOf(output: Output, { enabled, nextAt, lastError }: ScheduleRecord): string {
  if (lastError !== null) return output.paint('red', 'its last tick failed');
  if (!enabled) return output.paint('yellow', 'paused');
  return nextAt === null ? output.paint('dim', 'over') : output.paint('green', 'on');
}

const textOf = (value: string | number | null) => (value === null ? null : String(value));
const pairsOf = (pairs: Record<string, string>) =>
  Object.entries(pairs)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
