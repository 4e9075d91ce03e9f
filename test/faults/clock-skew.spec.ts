import { describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { ApiProcess } from '../support/api-process.js';
import { full, scenario } from '../support/fault-scenario.js';
import { until } from '../support/until.js';

const FIVE_MINUTES_S = 300;

/** The environment of a process whose clock is wrong. */
function skewed(seconds: number): NodeJS.ProcessEnv {
  const preload = fileURLToPath(new URL('../support/skew-clock.mjs', import.meta.url));
  return { NODE_OPTIONS: `--import=${preload}`, CLOCK_SKEW_MS: String(seconds * 1000) };
}

// fault 17
describe('clocks that are five minutes wrong', () => {
  it('reclaims nothing early, and what is due is due by the database’s clock', async () => {
    const n = full ? 2000 : 400;
    await scenario({}, async (s) => {
      const fast = await s.fleet.start({ env: skewed(FIVE_MINUTES_S) });
      const slow = await s.fleet.start({ env: skewed(-FIVE_MINUTES_S) });
      for (const [worker, seconds] of [
        [fast, FIVE_MINUTES_S],
        [slow, -FIVE_MINUTES_S],
      ] as const)
        for (const thread of ['main thread', 'thread']) {
          const said = `clock of the ${thread} is off by ${seconds} s`;
          await until(said, () => worker.log.includes(said));
        }

      const accepted = new Map<string, unknown>(await s.append(n, () => 50 + s.random.below(150)));
      const delayed = new Map<string, number>();
      for (const ms of [500, 1500, 3000]) {
        const { id } = await s.demo.append.applyAsync([`due-${ms}`, 0], { countdown: ms, priority: 9 });
        accepted.set(id, `due-${ms}`);
        delayed.set(id, ms);
      }
      for (const seconds of [FIVE_MINUTES_S, -FIVE_MINUTES_S]) {
        const api = await ApiProcess.start(s.url, { BROKER_URL: s.broker.url, ...skewed(seconds) });
        try {
          const body = { args: [`api-${seconds}`, 0], options: { countdown: '2s', priority: 9 } };
          const answer = await api.submit('demo.append', body);
          expect(answer.status).toBe(202);
          accepted.set(answer.body.id!, `api-${seconds}`);
          delayed.set(answer.body.id!, 2000);
        } finally {
          await api.kill();
        }
      }

      const figures = await s.barB(accepted, 0);
      const { rows: attempts } = await s.sql.query('SELECT * FROM celeriac.attempt');
      expect(attempts).toEqual([]);
      const { rows } = await s.sql.query<{ id: string; waited: number; workers: number }>(
        `SELECT id, extract(epoch FROM started_at - created_at)::float8 * 1000 AS waited FROM celeriac.task_done
         WHERE id = ANY($1::uuid[])`,
        [[...delayed.keys()]],
      );
      expect(rows).toHaveLength(delayed.size);
      const late = rows.map((row) => row.waited - delayed.get(row.id)!);
      expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...late)).toBeLessThan(2000);
      const { rows: shares } = await s.sql.query('SELECT DISTINCT worker_id FROM celeriac.task_done');
      expect(shares).toHaveLength(2);
      s.report('17', { n: accepted.size, 'latest in ms': Math.round(Math.max(...late)), ...figures });
    });
  });
});
