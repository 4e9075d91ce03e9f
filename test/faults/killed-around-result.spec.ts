import { describe, expect, it } from '@jest/globals';
import { FaultProxy } from '../support/fault-proxy.js';
import { full, scenario, type Scenario } from '../support/fault-scenario.js';
import type { Statement } from '../support/postgres-frames.js';
import { until } from '../support/until.js';
import type { WorkerProcess } from '../support/worker-process.js';

const n = full ? 2000 : 300;
const kills = full ? 20 : 5;
const FINISH = 'celeriac.finish';

interface Death {
  /** The tasks whose result was being written. */
  readonly written: readonly string[];
  /** The tasks that were STARTED by it when it was dead. */
  readonly held: readonly string[];
}

/**
 * One worker after the other, each with a proxy of its own that kills it around the writing of a result, then one
 * that is left alone.
 */
async function killAtFinish({ fleet, url, random }: Scenario, when: 'before' | 'after'): Promise<Death[]> {
  const deaths: Death[] = [];
  for (let i = 0; i < kills; i++) {
    const proxy = await FaultProxy.inFrontOf(url);
    try {
      const victim: WorkerProcess = fleet.spawn({ url: proxy.url });
      let calls = 0;
      let written: readonly string[] | undefined;
      const chosen = 1 + random.below(5);
      const hook = async ({ ids }: Statement) => {
        // two lanes may write at once: whatever comes after the death goes nowhere
        if (written === undefined && ++calls < chosen) return 'forward';
        written ??= ids;
        await victim.kill();
        return 'reset';
      };
      if (when === 'before') proxy.beforeStatement(FINISH, hook);
      else proxy.afterReply(FINISH, hook);
      await until('it was killed', () => !victim.isRunning, 60_000);
      deaths.push({ written: written!, held: await victim.holds() });
    } finally {
      await proxy.close();
    }
  }
  await fleet.start();
  return deaths;
}

describe('a worker killed around the writing of a result', () => {
  // fault 2
  it('runs nothing again whose result was stored before the worker heard so', async () => {
    await scenario({}, async (s) => {
      const accepted = await s.append(n, () => 20 + s.random.below(80));
      const deaths = await killAtFinish(s, 'after');
      const stored = deaths.flatMap((death) => death.written);
      expect(deaths.filter((death) => death.written.length > 0)).toHaveLength(kills);
      for (const death of deaths) expect(death.held).not.toEqual(expect.arrayContaining([...death.written]));

      const figures = await s.barB(accepted, kills * 10);
      const runs = await s.ledger.counts();
      const again = stored.filter((id) => runs.get(String(accepted.get(id))) !== 1);
      expect(again).toEqual([]);
      s.report('2', { n, kills, stored: stored.length, 'of them run again': again.length, ...figures });
    });
  });

  // fault 3
  it('runs again exactly what had run and was not stored', async () => {
    await scenario({}, async (s) => {
      const accepted = await s.append(n, () => 20 + s.random.below(80));
      const deaths = await killAtFinish(s, 'before');
      for (const { written, held } of deaths) {
        expect(written.length).toBeGreaterThan(0);
        expect(held).toEqual(expect.arrayContaining([...written]));
      }
      const figures = await s.barB(accepted, kills * 10);
      // beside the batch on its way, what waited for the next batch had run too
      const inBatches = deaths.reduce((sum, death) => sum + death.written.length, 0);
      const held = deaths.reduce((sum, death) => sum + death.held.length, 0);
      expect(figures.extras).toBeGreaterThanOrEqual(inBatches);
      expect(figures.extras).toBeLessThanOrEqual(held);
      expect(figures.lost).toBe(held);
      s.report('3', { n, kills, 'in the batches': inBatches, ...figures });
    });
  });

  // fault 3, counted: with one task at a time nothing else can be on its way
  it('runs exactly one task again for each kill when tasks run one at a time', async () => {
    await scenario({ worker: { concurrency: 1 } }, async (s) => {
      const accepted = await s.append(60, 5);
      const deaths = await killAtFinish(s, 'before');
      expect(deaths.map((death) => death.written.length)).toEqual(deaths.map(() => 1));
      const figures = await s.barB(accepted, kills);
      expect(figures.extras).toBe(kills);
      s.report('3, one at a time', { n: 60, kills, ...figures });
    });
  });
});
