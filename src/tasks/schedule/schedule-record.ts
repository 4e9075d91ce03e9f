import type { DayRule } from './crontab.js';
import type { Duration } from '../duration.js';
import type { ScheduleRow } from '../store/schedule-store.js';
import { describeSchedule } from './describe-schedule.js';
import type { ScheduleSpec } from './schedule-spec.js';

/** A schedule, the same everywhere. Times are ISO 8601 in UTC; what was not given is null. */
export interface ScheduleRecord {
  id: string;
  name: string;
  task: string;
  enabled: boolean;
  /** 'code': declared by `@Schedule()`; 'operator': made by code that ran, over HTTP or by a command. */
  origin: 'code' | 'operator';
  /** When it ticks, in plain language. */
  when: string;
  crontab: string | null;
  dayRule: DayRule | null;
  every: Duration | null;
  at: string | null;
  timezone: string;
  args: unknown[];
  jitter: Duration | null;
  overlap: 'allow' | 'skip' | 'queue';
  catchUp: 'skip' | 'once' | 'all';
  catchUpLimit: number | null;
  queue: string | null;
  priority: number | null;
  expires: Duration | null;
  headers: Record<string, string>;
  tags: Record<string, string>;
  startTime: string | null;
  oneOff: boolean;
  description: string | null;
  /** What operators have changed of what the code declares. */
  changes: string[];
  /** The next tick; null while it is paused, or has none. */
  nextAt: string | null;
  /** The newest tick that a task was made for. */
  lastRunAt: string | null;
  lastTaskId: string | null;
  /** How many tasks its ticks have made. */
  totalRunCount: number;
  /** How many ticks made none, because a task was not over. */
  skippedCount: number;
  /** Why the last tick made no task, if it went wrong. */
  lastError: string | null;
  createdAt: string;
  changedAt: string;
}

export function toScheduleRecord(row: ScheduleRow, defaultZone: string): ScheduleRecord {
  const spec = row.spec as ScheduleSpec;
  return {
    id: row.id,
    name: row.name,
    task: row.task,
    enabled: row.enabled,
    origin: row.code === null ? 'operator' : 'code',
    when: describeSchedule(spec, defaultZone),
    crontab: spec.crontab ?? null,
    dayRule: spec.crontab === undefined ? null : (spec.dayRule ?? 'or'),
    every: spec.every ?? null,
    at: spec.at ?? null,
    timezone: spec.timezone ?? defaultZone,
    args: [...(spec.args ?? [])],
    jitter: spec.jitter ?? null,
    overlap: spec.overlap ?? 'allow',
    catchUp: spec.catchUp ?? 'once',
    catchUpLimit: spec.catchUpLimit ?? null,
    queue: spec.queue ?? null,
    priority: spec.priority ?? null,
    expires: spec.expires ?? null,
    headers: { ...spec.headers },
    tags: { ...spec.tags },
    startTime: spec.startTime ?? null,
    oneOff: spec.oneOff ?? false,
    description: spec.description ?? null,
    changes: row.code === null ? [] : Object.keys(row.changes as object).sort(),
    nextAt: iso(row.next),
    lastRunAt: iso(row.last_run),
    lastTaskId: row.last_task_id,
    totalRunCount: row.total_run_count,
    skippedCount: row.skipped_count,
    lastError: row.last_error,
    createdAt: iso(row.created)!,
    changedAt: iso(row.changed)!,
  };
}

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
