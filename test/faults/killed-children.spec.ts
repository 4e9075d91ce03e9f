import { describe, expect, it } from '@jest/globals';
import { scenario } from '../support/fault-scenario.js';
import { isAlive } from '../support/node-process.js';
import { until } from '../support/until.js';

/** Much longer than what is lost may wait: it is not the lease that rescues it. */
const LEASE = '10s';
const PREFORK = { concurrency: 1, args: ['-P', 'prefork', '-c', '2'], lease: LEASE };

describe('a child of a prefork worker that dies', () => {
  it('is noticed at once: its tasks run again long before its lease is over, and tell how it died', async () => {
    await scenario({ worker: PREFORK }, async (s) => {
      const worker = await s.fleet.start();
      const accepted = new Map(await s.append(100, 200));
      const kills = 5;
      for (let i = 0; i < kills; i++) {
        const victim = await until('a child runs something', async () => {
          const { rows } = await s.sql.query<{ pid: number; id: string }>(
            `SELECT (w.info->>'pid')::int AS pid, t.id FROM celeriac.task t JOIN celeriac.worker w ON w.id = t.worker_id
             WHERE t.started_at < clock_timestamp() - interval '30 ms'`,
          );
          return s.random.pick(rows);
        });
        const since = performance.now();
        process.kill(victim.pid, 'SIGKILL');
        await until('it is given out anew', async () => {
          const { rowCount } = await s.sql.query(
            `SELECT FROM celeriac.attempt WHERE task_id = $1 AND outcome = 'lost' AND error->>'message' LIKE '%SIGKILL%'`,
            [victim.id],
          );
          return rowCount! > 0;
        });
        expect(performance.now() - since).toBeLessThan(2000);
      }
      const figures = await s.barB(accepted, kills);
      expect(figures.lost).toBe(kills);
      await until('both children are there', async () => (await worker.takers()).length === 2);
      s.report('a killed child', { n: accepted.size, kills, ...figures });
    });
  });

  it('finishes what it runs when its supervisor was killed, and ends', async () => {
    await scenario({ worker: PREFORK }, async (s) => {
      const worker = await s.fleet.start();
      await until('both children take tasks', async () => (await worker.takers()).length === 2);
      const children = worker.children();
      const accepted = new Map(await s.append(2, 5000));
      await until('both run something', async () => (await worker.holds()).length === 2);
      await worker.killAlone();
      await until('the tasks have ended', async () => {
        const { rows } = await s.sql.query<{ n: number }>(
          'SELECT count(*)::int AS n FROM celeriac.task_done',
        );
        return rows[0]!.n === 2;
      });
      await until('the children have ended', () => children.every((pid) => !isAlive(pid)));
      await s.barB(accepted, 0);
    });
  });
});
