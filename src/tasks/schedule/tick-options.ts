import { toMilliseconds } from '../duration.js';
import type { SubmitOptions } from '../submission/submit-options.js';
import type { ScheduleSpec } from './schedule-spec.js';

/** The options of a task that a schedule makes: its tags say which schedule, and for what time. */
export function tickOptions(spec: ScheduleSpec, name: string, tick: number, delayMs = 0): SubmitOptions {
  const { queue, priority, headers, expires, tags } = spec;
  return {
    queue,
    priority,
    headers,
    expires,
    tags: { ...tags, schedule: name, scheduledAt: new Date(tick).toISOString() },
    ...(delayMs > 0 && { countdown: delayMs }),
  };
}

export function jitterMsOf({ jitter }: ScheduleSpec): number {
  return jitter === undefined ? 0 : toMilliseconds(jitter, 'jitter');
}
