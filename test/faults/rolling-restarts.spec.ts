import { describe, expect, it } from '@jest/globals';
import { full, scenario } from '../support/fault-scenario.js';
import { until } from '../support/until.js';

const restarts = full ? 100 : 6;
const BACKLOG = 400;

describe('workers that are restarted one after the other, under load', () => {
  it('lose nothing and charge nothing, although some tasks outlast the grace', async () => {
    await scenario({ worker: { grace: '300ms', lease: '6s' } }, async (s) => {
      const accepted = new Map<string, unknown>();
      const topUp = async () => {
        const { rows } = await s.sql.query<{ n: number }>('SELECT count(*)::int AS n FROM celeriac.task');
        if (rows[0]!.n > BACKLOG / 2) return;
        const some = await s.append(BACKLOG, () =>
          s.random.next() < 0.05 ? 1500 : 20 + s.random.below(150),
        );
        for (const [id, line] of some) accepted.set(id, line);
      };
      await topUp();
      await s.fleet.startMany(2);
      for (let i = 0; i < restarts; i++) {
        const [leaving] = s.fleet.running;
        await s.fleet.start();
        await topUp();
        await until('it runs something', async () => (await leaving!.holds()).length > 0);
        expect(await leaving!.terminate()).toMatchObject({ code: 0, signal: null });
      }
      const figures = await s.barB(accepted, restarts * 10);
      expect(figures.lost).toBe(0);
      expect(figures.released).toBeGreaterThan(0);
      const { rows } = await s.sql.query(
        'SELECT id FROM celeriac.task_done WHERE retries > 0 OR crashes > 0 OR attempt <> 1',
      );
      expect(rows).toEqual([]);
      s.report('rolling restarts', { n: accepted.size, restarts, ...figures });
    });
  }, 1_500_000);
});
