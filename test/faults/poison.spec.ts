import { describe, expect, it } from '@jest/globals';
import { scenario } from '../support/fault-scenario.js';
import { until } from '../support/until.js';
import { poolOfThisRun } from '../support/worker-process.js';

/** The default of `maxCrashes`: the fourth death ends it. */
const DEATHS = 4;

describe('a task that kills its worker', () => {
  // fault 18
  it('fails after a few deaths, and its neighbours finish', async () => {
    const n = 60;
    await scenario({}, async (s) => {
      const accepted = new Map(await s.append(n / 2, 20));
      const poison = await s.demo.crash.delay();
      for (const [id, line] of await s.append(n / 2, 20)) accepted.set(id, line);

      let deaths = 0;
      let worker = s.fleet.spawn();
      await until(
        'the poison has failed',
        async () => {
          // a prefork worker replaces its child by itself
          if (!worker.isRunning) {
            expect(await worker.ended()).toMatchObject({ signal: 'SIGKILL' });
            deaths++;
            worker = s.fleet.spawn();
          }
          return (await poison.state()) === 'FAILURE';
        },
        200_000,
      );
      expect(deaths).toBe(poolOfThisRun === 'prefork' ? 0 : DEATHS);
      expect(worker.isRunning).toBe(true);
      const lost = (await s.tasks.history(poison.id)).filter((entry) => entry.kind === 'lost');
      expect(lost).toHaveLength(DEATHS);
      const record = await poison.record();
      expect(record).toMatchObject({ attempt: DEATHS, error: { name: 'WorkerLostError' } });

      await s.tasks.forget(poison.id);
      const figures = await s.barB(accepted, DEATHS * 10);
      s.report('18', { n: n + 1, deaths: lost.length, ...figures });
    });
  });
});
