import { describe, expect, it } from '@jest/globals';
import { scenario } from '../support/fault-scenario.js';
import { until } from '../support/until.js';

const LEASES = 3;
const LEASE_S = 4;

describe('a worker that stands still', () => {
  // fault 6
  it('is refused what it brings when it comes back after its lease', async () => {
    const n = 140;
    await scenario({ worker: { lease: `${LEASE_S}s` } }, async (s) => {
      const zombie = await s.fleet.start();
      const accepted = await s.append(n, 2000);
      await until('its slots are full', async () => (await zombie.holds()).length === 10);
      const identities = (await zombie.ids()).length;
      zombie.freeze();
      const frozen = await zombie.holds();
      expect(frozen.length).toBeGreaterThan(0);
      const since = performance.now();
      await s.fleet.start();
      await until('its tasks were given to the other one', async () => (await zombie.holds()).length === 0);
      await until('three leases are over', () => performance.now() - since > LEASES * LEASE_S * 1000);
      zombie.thaw();

      await until('it begins anew', async () => (await zombie.ids()).length === 2 * identities);
      await until('it takes tasks again', async () => (await zombie.holds()).length > 0);
      const figures = await s.barB(accepted, frozen.length);
      expect(figures.fenced).toBe(frozen.length);
      expect(figures.extras).toBe(frozen.length);
      expect(figures.lost).toBe(0);
      s.report('6', { n, frozen: frozen.length, ...figures });
    });
  });

  // fault 7
  it('keeps its lease while a handler blocks its event loop', async () => {
    await scenario({ worker: { lease: `${LEASE_S}s` } }, async (s) => {
      const workers = await s.fleet.startMany(2);
      const ms = LEASES * LEASE_S * 1000;
      const identities = new Map(
        await Promise.all(workers.map(async (worker) => [worker, await worker.ids()] as const)),
      );
      // the other one must have lived for a whole lease, or it may bury nobody
      const since = performance.now();
      await until('a lease is over', () => performance.now() - since > LEASE_S * 1000);
      const spin = await s.demo.spin.delay(ms);
      const blocked = await until('it spins', async () => {
        for (const worker of workers) if ((await worker.holds()).includes(spin.id)) return worker;
        return undefined;
      });
      const more = await s.append(200, 20);
      expect(await spin.get({ timeout: '60s' })).toBe(ms);

      const accepted = new Map<string, unknown>([[spin.id, ms], ...more]);
      const record = await spin.record();
      expect(record).toMatchObject({ state: 'SUCCESS', attempt: 1 });
      expect(record.runtimeMs).toBeGreaterThanOrEqual(ms);
      const { rows } = await s.sql.query('SELECT * FROM celeriac.attempt');
      expect(rows).toEqual([]);
      const figures = await s.barB(accepted, 0);
      expect(await blocked.ids()).toEqual(identities.get(blocked));
      s.report('7', { n: accepted.size, 'blocked for ms': ms, ...figures });
    });
  });
});
