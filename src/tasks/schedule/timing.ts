import { toMilliseconds } from '../duration.js';
import { Crontab } from './crontab.js';
import { isTime, type ScheduleSpec } from './schedule-spec.js';

/** When a schedule ticks; instants in milliseconds. */
export interface Timing {
  /** The first tick after an instant; undefined when there is none. */
  next(after: number): number | undefined;
}

/**
 * @param anchor where intervals without `startTime` are counted from
 * @param timezone of crontabs that name none
 */
export function timingOf(spec: ScheduleSpec, anchor: number, timezone: string): Timing {
  const start = spec.startTime === undefined ? undefined : Date.parse(spec.startTime);
  const end = isTime(spec.expires) ? Date.parse(spec.expires) : Number.POSITIVE_INFINITY;
  const next = ticksOf(spec, start, anchor, timezone);
  return {
    next(after) {
      const tick = next(start === undefined ? after : Math.max(after, start - 1));
      return tick === undefined || tick >= end ? undefined : tick;
    },
  };
}

function ticksOf(
  { crontab, every, at, dayRule, timezone }: ScheduleSpec,
  start: number | undefined,
  anchor: number,
  defaultZone: string,
): (after: number) => number | undefined {
  if (crontab !== undefined) {
    const ticks = Crontab.of(crontab, timezone ?? defaultZone, dayRule);
    return (after) => ticks.next(after);
  }
  if (every !== undefined) {
    const ms = Math.round(toMilliseconds(every, 'every'));
    const from = start ?? anchor;
    // the first tick is at the start that was asked for, or one interval after the creation
    const first = start === undefined ? 1 : 0;
    return (after) => from + Math.max(first, Math.floor((after - from) / ms) + 1) * ms;
  }
  const once = Date.parse(at!);
  return (after) => (after < once ? once : undefined);
}

/** The newest ticks from one instant to another, both included, at most `limit`; the oldest first. */
export function newestTicks(timing: Timing, from: number, until: number, limit: number): number[] {
  for (let window = 60_000; ; window *= 4) {
    const start = Math.max(from, until - window);
    const ticks: number[] = [];
    for (let tick = timing.next(start - 1); tick !== undefined && tick <= until; tick = timing.next(tick)) {
      ticks.push(tick);
      if (ticks.length > 2 * limit) ticks.splice(0, limit);
    }
    if (ticks.length >= limit || start <= from) return ticks.slice(-limit);
  }
}

/** The next runs, as a person wants to see them before saving. */
export function nextRuns(timing: Timing, after: number, count: number): number[] {
  const runs: number[] = [];
  for (let tick = timing.next(after); tick !== undefined && runs.length < count; tick = timing.next(tick))
    runs.push(tick);
  return runs;
}
