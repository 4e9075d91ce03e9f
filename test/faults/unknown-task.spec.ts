import { describe, expect, it } from '@jest/globals';
import { createApplication } from '../support/application.js';
import { full, scenario } from '../support/fault-scenario.js';
import { until } from '../support/until.js';

const n = full ? 2000 : 60;

describe('workers of which one lacks the task', () => {
  // fault 23
  it('fails none of the tasks: they wait for the one that has them, and it is shown', async () => {
    await scenario({}, async (s) => {
      const lacking = await createApplication(s.url, {}, { broker: s.broker.url, allowUnknownTasks: true });
      try {
        await lacking.startWorker({ queues: ['default'], concurrency: 10 });
        const accepted = await s.append(n, 0);
        await until('it was given some of them, and put them back', async () => {
          const { rowCount } = await s.sql.query(
            `SELECT FROM celeriac.attempt WHERE outcome = 'unknown' LIMIT 1`,
          );
          return rowCount === 1;
        });
        await s.fleet.start();
        const figures = await s.barB(accepted, 0, 120_000);
        const { rows } = await s.sql.query<{ id: string; n: number }>(
          `SELECT task_id AS id, count(*)::int AS n FROM celeriac.attempt WHERE outcome = 'unknown' GROUP BY 1`,
        );
        const history = await s.tasks.history(rows[0]!.id);
        expect(history.map((entry) => entry.kind)).toContain('unknown');
        const record = await s.tasks.record(rows[0]!.id);
        expect(record).toMatchObject({ state: 'SUCCESS', attempt: 1, retries: 0 });
        s.report('23', {
          n,
          'put back': rows.length,
          'most often': Math.max(...rows.map((row) => row.n)),
          ...figures,
        });
      } finally {
        await lacking.close();
      }
    });
  });
});
