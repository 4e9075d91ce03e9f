import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { full, scenario, type Scenario } from '../support/fault-scenario.js';
import { until } from '../support/until.js';
import type { WorkerProcess } from '../support/worker-process.js';

const CONCURRENCY = 10;
/** What a worker had sent before it stood still has happened by then. */
const SETTLED_MS = 300;
const BACKLOG = full ? 1000 : 400;

/**
 * Keeps tasks waiting: with nothing else left to run, every kill would hit the same few, until they had lost their
 * worker more often than is allowed.
 */
async function topUp(s: Scenario, accepted: Map<string, unknown>): Promise<void> {
  const { rows } = await s.sql.query<{ n: number }>('SELECT count(*)::int AS n FROM celeriac.task');
  if (rows[0]!.n > BACKLOG / 2) return;
  for (const [id, line] of await s.append(BACKLOG, () => 100 + s.random.below(100))) accepted.set(id, line);
}

/** kill -9 while it holds tasks, at a moment of chance. @returns how many tasks it held when it died */
async function killInMidTask({ random }: Scenario, victim: WorkerProcess): Promise<number> {
  await until(
    `worker ${victim.pid} is killed in mid-task`,
    async () => {
      if ((await victim.holds()).length === 0) return false;
      await sleep(random.below(200));
      // by chance it may just have ended all that it had: while it stands still that can be seen
      victim.signal('SIGSTOP');
      await sleep(SETTLED_MS);
      if ((await victim.holds()).length > 0) return true;
      victim.signal('SIGCONT');
      return false;
    },
    60_000,
  );
  await victim.kill();
  // nobody gives its rows out anew before its lease has run out
  return (await victim.holds()).length;
}

describe('workers killed with SIGKILL', () => {
  // fault 1
  it('loses nothing when two workers are killed in mid-task again and again', async () => {
    const kills = full ? 20 : 10;
    await scenario({ worker: { concurrency: CONCURRENCY, lease: '6s' } }, async (s) => {
      const accepted = new Map<string, unknown>();
      await topUp(s, accepted);
      await s.fleet.startMany(2);
      const held: number[] = [];
      while (held.length < kills) {
        await topUp(s, accepted);
        const victim = s.random.pick(s.fleet.running);
        held.push(await killInMidTask(s, victim));
        await s.fleet.start();
      }
      expect(held.filter((tasks) => tasks > 0)).toHaveLength(kills);

      const figures = await s.barB(accepted, kills * CONCURRENCY, 240_000);
      expect(figures.lost).toBe(held.reduce((sum, tasks) => sum + tasks, 0));
      s.report('1', { n: accepted.size, kills, ...figures });
    });
  });

  // fault 21
  it('loses nothing when workers are killed one after the other, every two seconds', async () => {
    const seconds = full ? 60 : 12;
    await scenario({ worker: { concurrency: CONCURRENCY, lease: '6s' } }, async (s) => {
      const accepted = new Map<string, unknown>();
      await topUp(s, accepted);
      const workers = await s.fleet.startMany(3);
      const end = performance.now() + seconds * 1000;
      const held: number[] = [];
      while (performance.now() < end) {
        const next = performance.now() + 2000;
        await topUp(s, accepted);
        const victim = workers.shift()!;
        held.push(await killInMidTask(s, victim));
        workers.push(s.fleet.spawn());
        await sleep(Math.max(0, next - performance.now()));
      }
      const kills = held.length;
      expect(held.filter((tasks) => tasks > 0)).toHaveLength(kills);

      const figures = await s.barB(accepted, kills * CONCURRENCY, 240_000);
      s.report('21', { n: accepted.size, kills, ...figures });
    });
  }, 400_000);
});
