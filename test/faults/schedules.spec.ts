import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleService } from '#dist/tasks/index.js';
import { full, scenario } from '../support/fault-scenario.js';
import { until } from '../support/until.js';

describe('schedules whose processes are killed', () => {
  it('makes each tick exactly one task, on ten processes of which one is killed again and again', async () => {
    const processes = full ? 10 : 4;
    const count = full ? 20 : 10;
    const seconds = full ? 60 : 12;
    // the process of the test has no tasks of its own
    const application = { allowUnknownTasks: true };
    await scenario({ worker: { concurrency: 5 }, application }, async (s) => {
      const schedules = s.application.get(ScheduleService);
      await s.fleet.startMany(processes);
      const names = Array.from({ length: count }, (_, i) => `every second ${i}`);
      for (const name of names)
        await schedules.create({ name, task: 'demo.echo', every: '1s', catchUp: 'all', args: [name] });
      const end = performance.now() + seconds * 1000;
      let kills = 0;
      while (performance.now() < end) {
        await sleep(500 + s.random.below(1000));
        await s.random.pick(s.fleet.running).kill();
        kills++;
        s.fleet.spawn();
      }
      // processes that start slowly may have left none alive for a while: what they missed is made up for
      await until(
        'every schedule has come up to now',
        async () => {
          const all = await Promise.all(names.map((name) => schedules.get(name)));
          return all.every(({ lastRunAt }) => lastRunAt && Date.now() - Date.parse(lastRunAt) < 2000);
        },
        30_000,
      );
      const paused = await Promise.all(names.map((name) => schedules.pause(name)));
      await until(
        'all that was made has ended',
        async () => {
          const { rows } = await s.sql.query<{ n: number }>('SELECT count(*)::int AS n FROM celeriac.task');
          return rows[0]!.n === 0;
        },
        60_000,
      );
      const { rows } = await s.sql.query<{ schedule: string; ticks: string[] }>(
        `SELECT tags->>'schedule' AS schedule, array_agg(tags->>'scheduledAt' ORDER BY tags->>'scheduledAt') AS ticks
         FROM celeriac.task_done WHERE state = 'SUCCESS' GROUP BY 1`,
      );
      expect(rows).toHaveLength(count);
      let made = 0;
      for (const { schedule, ticks } of rows) {
        const { createdAt, lastRunAt, totalRunCount } = paused.find((each) => each.name === schedule)!;
        const first = Date.parse(createdAt) + 1000;
        const expected: string[] = [];
        for (let at = Date.parse(ticks[0]!); at <= Date.parse(lastRunAt!); at += 1000)
          expected.push(new Date(at).toISOString());
        expect(ticks).toEqual(expected);
        // counted from just before the row was there
        expect(Date.parse(ticks[0]!)).toBeGreaterThan(first - 1000);
        expect(Date.parse(ticks[0]!)).toBeLessThanOrEqual(first + 1);
        expect(ticks).toHaveLength(totalRunCount);
        expect(ticks.length).toBeGreaterThanOrEqual(seconds - 2);
        made += ticks.length;
      }
      s.report('schedules', {
        processes,
        schedules: count,
        seconds,
        kills,
        ticks: made,
        twice: 0,
        missing: 0,
      });
    });
  }, 400_000);
});
