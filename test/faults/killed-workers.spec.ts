import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { full, scenario, type Scenario } from '../support/fault-scenario.js';
import { until } from '../support/until.js';
import type { WorkerProcess } from '../support/worker-process.js';

const CONCURRENCY = 10;

/** kill -9 once it holds tasks, a moment of chance later. @returns how many tasks it held when it died */
async function killInMidTask({ random }: Scenario, victim: WorkerProcess): Promise<number> {
  await until(`worker ${victim.pid} runs something`, async () => (await victim.holds()).length > 0);
  await sleep(random.below(200));
  await victim.kill();
  // nobody gives its rows out anew before its lease has run out
  return (await victim.holds()).length;
}

describe('workers killed with SIGKILL', () => {
  // fault 1
  it('loses nothing when two workers are killed in mid-task again and again', async () => {
    const kills = full ? 20 : 10;
    const n = full ? 2000 : 800;
    await scenario({ worker: { concurrency: CONCURRENCY } }, async (s) => {
      const accepted = await s.append(n, () => 100 + s.random.below(300));
      await s.fleet.startMany(2);
      const held: number[] = [];
      while (held.length < kills) {
        const victim = s.random.pick(s.fleet.running);
        held.push(await killInMidTask(s, victim));
        await s.fleet.start();
      }
      expect(held.filter((tasks) => tasks > 0)).toHaveLength(kills);

      const figures = await s.barB(accepted, kills * CONCURRENCY, 120_000);
      expect(figures.lost).toBe(held.reduce((sum, tasks) => sum + tasks, 0));
      s.report('1', { n, kills, ...figures });
    });
  }, 300_000);

  // fault 21
  it('loses nothing when workers are killed one after the other, every two seconds', async () => {
    const seconds = full ? 60 : 12;
    const n = full ? 6000 : 1200;
    await scenario({ worker: { concurrency: CONCURRENCY } }, async (s) => {
      const accepted = await s.append(n, () => 100 + s.random.below(300));
      const workers = await s.fleet.startMany(3);
      const end = performance.now() + seconds * 1000;
      let kills = 0;
      let killedAtWork = 0;
      while (performance.now() < end) {
        const next = performance.now() + 2000;
        const victim = workers.shift()!;
        await victim.kill();
        kills++;
        if ((await victim.holds()).length > 0) killedAtWork++;
        workers.push(await s.fleet.start());
        await sleep(Math.max(0, next - performance.now()));
      }
      expect(killedAtWork).toBe(kills);

      const figures = await s.barB(accepted, kills * CONCURRENCY, 120_000);
      s.report('21', { n, kills, ...figures });
    });
  }, 400_000);
});
