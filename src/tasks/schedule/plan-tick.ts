import type { ScheduleSpec } from './schedule-spec.js';
import { newestTicks, type Timing } from './timing.js';

/** A tick later than this was missed: nobody was there. */
export const GRACE_MS = 10_000;
const DEFAULT_CATCH_UP = 100;

/** What becomes of a schedule that is due. */
export interface TickPlan {
  /** For which ticks tasks are made now, the oldest first. */
  readonly make: readonly number[];
  /** How many are left out because a task of the schedule was not over. */
  readonly skipped: number;
  /** The next tick; null: there is none, and the schedule is disabled. */
  readonly next: number | null;
}

/**
 * @param due its oldest tick that was not dealt with
 * @param live whether the task of the tick before is not over
 * @param most how many tasks may be made now; the others are due again
 * @returns undefined where it waits for that task
 */
export function planTick(
  spec: ScheduleSpec,
  timing: Timing,
  { due, now, live, most }: { due: number; now: number; live: boolean; most: number },
): TickPlan | undefined {
  const { overlap = 'allow' } = spec;
  if (overlap === 'queue' && live) return undefined;
  const ticks = ticksToMake(spec, timing, due, now);
  const once = spec.oneOff === true || spec.at !== undefined;
  if (overlap === 'skip') {
    const make = live ? [] : ticks.slice(-1);
    return planned(ticks.length - make.length, make, undefined);
  }
  const count = once || overlap === 'queue' ? 1 : most;
  return planned(0, ticks.slice(0, count), ticks[count]);

  function planned(skipped: number, make: readonly number[], rest: number | undefined): TickPlan {
    const next = once && make.length > 0 ? undefined : (rest ?? timing.next(now));
    return { make, skipped, next: next ?? null };
  }
}

/** By the schedule's policy for ticks that were missed. */
function ticksToMake(spec: ScheduleSpec, timing: Timing, due: number, now: number): number[] {
  const { catchUp = 'once', catchUpLimit = DEFAULT_CATCH_UP } = spec;
  const missedUntil = now - GRACE_MS;
  const fresh = newestTicks(timing, Math.max(due, missedUntil + 1), now, Number.POSITIVE_INFINITY);
  const limit = { skip: 0, once: 1, all: catchUpLimit }[catchUp];
  const missed = limit > 0 && due <= missedUntil ? newestTicks(timing, due, missedUntil, limit) : [];
  return [...missed, ...fresh];
}
