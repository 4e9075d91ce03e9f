import { describe, expect, it } from '@jest/globals';
import { full, scenario } from '../support/fault-scenario.js';
import { until } from '../support/until.js';
import { poolOfThisRun } from '../support/worker-process.js';

/** Longer than it takes to start another worker on a busy machine. */
const LONG_MS = poolOfThisRun === 'prefork' ? 40_000 : 25_000;

describe('a worker told to stop', () => {
  // fault 4
  it('finishes what runs when that is shorter than the grace, and exits with 0', async () => {
    const n = full ? 2000 : 300;
    const stops = full ? 10 : 3;
    await scenario({ worker: { grace: '10s' } }, async (s) => {
      const accepted = new Map<string, unknown>();
      await s.fleet.start();
      for (let i = 0; i < stops; i++) {
        const [leaving] = s.fleet.running;
        await s.fleet.start();
        for (const [id, line] of await s.append(n / stops, () => 200 + s.random.below(300)))
          accepted.set(id, line);
        await until('it runs something', async () => (await leaving!.holds()).length > 0);
        const exit = await leaving!.terminate();
        expect(exit).toMatchObject({ code: 0, signal: null });
        expect(exit.ms).toBeLessThan(10_000);
      }
      const figures = await s.barB(accepted, 0);
      const { rows } = await s.sql.query('SELECT * FROM celeriac.attempt');
      expect(rows).toEqual([]);
      s.report('4', { n, stops, ...figures });
    });
  });

  // fault 5
  it('gives back what does not end within the grace, which starts elsewhere at once and is not charged', async () => {
    await scenario({ worker: { grace: '500ms' } }, async (s) => {
      const leaving = await s.fleet.start();
      // a handler that does not heed its signal, and one that does
      const accepted = new Map(await s.append(5, LONG_MS));
      const sleeping = await Promise.all(Array.from({ length: 5 }, () => s.demo.sleep.delay(LONG_MS)));
      await until('all of them run', async () => (await leaving.holds()).length === 10);
      await s.fleet.start();

      const exit = await leaving.terminate();
      expect(exit).toMatchObject({ code: 0, signal: null });
      expect(exit.ms).toBeGreaterThan(500);
      expect(exit.ms).toBeLessThan(5000);

      await until('all of them run elsewhere', async () => {
        const { rowCount } = await s.sql.query(`SELECT FROM celeriac.task WHERE state <> 'STARTED'`);
        return rowCount === 0;
      });
      const { rows } = await s.sql.query<{
        state: string;
        attempt: number;
        crashes: number;
        retries: number;
        outcome: string;
        gap: number;
      }>(
        `SELECT t.state, t.attempt, t.crashes, t.retries, a.outcome,
           extract(epoch FROM t.started_at - a.ended_at)::float8 AS gap
         FROM celeriac.task t JOIN celeriac.attempt a ON a.task_id = t.id`,
      );
      expect(rows).toHaveLength(10);
      for (const row of rows)
        expect(row).toMatchObject({
          state: 'STARTED',
          attempt: 1,
          crashes: 0,
          retries: 0,
          outcome: 'released',
        });
      const gap = Math.max(...rows.map((row) => row.gap));
      expect(gap).toBeLessThan(2);

      for (const handle of sleeping) accepted.set(handle.id, LONG_MS);
      const figures = await s.barB(accepted, 10);
      s.report('5', { n: 10, 'slowest restart in s': gap, exit: Math.round(exit.ms), ...figures });
    });
  });
});
