import { describe, expect, it } from '@jest/globals';
import { validate, version } from 'uuid';
import { describeSchedule } from '#dist/tasks/schedule/describe-schedule.js';
import { planTick } from '#dist/tasks/schedule/plan-tick.js';
import { readSpec } from '#dist/tasks/schedule/schedule-spec.js';
import { jitterOf, tickId } from '#dist/tasks/schedule/tick-id.js';
import { newestTicks, nextRuns, timingOf } from '#dist/tasks/schedule/timing.js';

const T0 = Date.parse('2026-06-01T00:00:00Z');
const MINUTE = 60_000;
const spec = (fields: object) => readSpec({ task: 'a.b', ...fields });
const plan = (fields: object, { due = T0, now = T0, live = false, most = 1000 } = {}) => {
  const read = spec(fields);
  const found = planTick(read, timingOf(read, T0 - 10 * MINUTE, 'UTC'), { due, now, live, most });
  return found && { ...found, make: found.make.map((tick) => (tick - T0) / MINUTE), next: found.next! - T0 };
};

describe('intervals', () => {
  it('are counted from their start, or from the creation, and do not drift', () => {
    const free = timingOf(spec({ every: '90s' }), T0, 'UTC');
    expect(nextRuns(free, T0, 3).map((run) => run - T0)).toEqual([90_000, 180_000, 270_000]);
    expect(free.next(T0 + 180_000 + 17)! - T0).toBe(270_000);
    const started = timingOf(spec({ every: '90s', startTime: new Date(T0) }), T0 - 12_345, 'UTC');
    expect(nextRuns(started, T0 - 999_999, 2).map((run) => run - T0)).toEqual([0, 90_000]);
  });

  it('and crontabs end at the time of expires', () => {
    const ending = timingOf(spec({ every: '1m', expires: new Date(T0 + 3 * MINUTE) }), T0, 'UTC');
    expect(nextRuns(ending, T0, 9)).toHaveLength(2);
  });

  it('gives the newest ticks of a long time without walking through it', () => {
    const timing = timingOf(spec({ every: '1s' }), T0, 'UTC');
    const started = performance.now();
    const ticks = newestTicks(timing, T0, T0 + 365 * 86_400_000, 3);
    expect(ticks.map((tick) => (tick - T0) / 1000)).toEqual([31_535_998, 31_535_999, 31_536_000]);
    expect(performance.now() - started).toBeLessThan(100);
  });
});

describe('a tick that has come', () => {
  it('makes one task, whatever came shortly before', () => {
    expect(plan({ every: '1m' })).toEqual({ make: [0], skipped: 0, next: MINUTE });
    expect(plan({ every: '1m' }, { now: T0 + 9000 })).toEqual({ make: [0], skipped: 0, next: MINUTE });
  });

  it('makes up for missed ones as catchUp says, the newest first of all', () => {
    const late = { now: T0 + 5 * MINUTE + 30_000 };
    expect(plan({ every: '1m', catchUp: 'skip' }, late)).toEqual({ make: [], skipped: 0, next: 6 * MINUTE });
    expect(plan({ every: '1m' }, late)).toMatchObject({ make: [5], next: 6 * MINUTE });
    expect(plan({ every: '1m', catchUp: 'all' }, late)).toMatchObject({ make: [0, 1, 2, 3, 4, 5] });
    expect(plan({ every: '1m', catchUp: 'all', catchUpLimit: 2 }, late)).toMatchObject({ make: [4, 5] });
    // in parts, where there are too many for one transaction
    expect(plan({ every: '1m', catchUp: 'all' }, { ...late, most: 2 })).toEqual({
      make: [0, 1],
      skipped: 0,
      next: 2 * MINUTE,
    });
  });

  it('looks at the task before as overlap says', () => {
    const live = { live: true };
    expect(plan({ every: '1m' }, live)).toMatchObject({ make: [0], skipped: 0 });
    expect(plan({ every: '1m', overlap: 'skip' }, live)).toEqual({ make: [], skipped: 1, next: MINUTE });
    expect(plan({ every: '1m', overlap: 'queue' }, live)).toBeUndefined();
    const late = { now: T0 + 2 * MINUTE + 5000 };
    expect(plan({ every: '1m', overlap: 'skip', catchUp: 'all' }, late)).toMatchObject({
      make: [2],
      skipped: 2,
    });
    expect(plan({ every: '1m', overlap: 'queue', catchUp: 'all' }, late)).toEqual({
      make: [0],
      skipped: 0,
      next: MINUTE,
    });
  });

  it('is the last one where there is only one', () => {
    const once = spec({ every: '1m', oneOff: true });
    const timing = timingOf(once, T0 - MINUTE, 'UTC');
    expect(planTick(once, timing, { due: T0, now: T0, live: false, most: 9 })).toEqual({
      make: [T0],
      skipped: 0,
      next: null,
    });
  });
});

describe('the id of a tick', () => {
  it('is a UUIDv7 of its time, the same everywhere, another one for each schedule and tick', () => {
    const id = tickId('a', T0);
    expect(id).toBe(tickId('a', T0));
    expect([validate(id), version(id)]).toEqual([true, 7]);
    expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(T0);
    expect(tickId('a', T0 + 1) > id).toBe(true);
    expect(new Set(['a', 'b', 'c', 'd'].map((schedule) => tickId(schedule, T0))).size).toBe(4);
  });

  it('is the same in every release: two of them tick beside each other while one is rolled out', () => {
    const schedule = '01890a5d-ac96-774b-bcce-b302099a8057';
    expect(tickId(schedule, Date.parse('2026-01-01T00:00:00Z'))).toBe('019b76da-a800-72e3-aaa3-6666231f15c9');
  });

  it('spreads starts over the jitter', () => {
    const delays = Array.from({ length: 1000 }, (_, i) => jitterOf(tickId('a', T0 + i), 1000));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThan(1000);
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / 1000;
    expect(Math.abs(mean - 500)).toBeLessThan(60);
  });
});

describe('a schedule in plain language', () => {
  it('says when it ticks', () => {
    const say = (fields: object) => describeSchedule(spec(fields), 'Europe/Berlin');
    expect(say({ crontab: '0 9 * * MON-FRI' })).toBe('At 09:00, Monday through Friday (Europe/Berlin)');
    expect(say({ crontab: '*/5 * * * * *', timezone: 'UTC' })).toBe('Every 5 seconds (UTC)');
    expect(say({ crontab: '0 0 13 * FRI', dayRule: 'and' })).toMatch(/day 13 of the month, only on Friday/);
    expect(say({ crontab: '0 0 13 * FRI' })).toMatch(/day 13 of the month, and on Friday/);
    expect(say({ every: '90s' })).toBe('Every 1 minute 30 seconds');
    expect(say({ every: '1h' })).toBe('Every hour');
    expect(say({ every: 1500 })).toBe('Every 1.5 seconds');
    expect(say({ at: '2030-01-31T09:00:00+01:00' })).toBe('Once, at 2030-01-31 08:00 (UTC)');
  });
});
