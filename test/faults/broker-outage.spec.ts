import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiProcess } from '../support/api-process.js';
import { startBroker, missingFor, type BrokerUnderTest } from '../support/broker-under-test.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { full, scenario, type Scenario } from '../support/fault-scenario.js';
import { describeUnless } from '../support/prerequisite.js';
import type { Verdict } from '../support/proxied-connection.js';
import { until } from '../support/until.js';

const kills = full ? 50 : 4;
const downMs = full ? 10_000 : 4000;
/** Taken over after 1 s, looked for each 0.5 s, and published at once. */
const RELAYED_WITHIN_S = 2;

const finished = async ({ sql }: Scenario) =>
  (await sql.query<{ n: number }>('SELECT count(*)::int AS n FROM celeriac.task_done')).rows[0]!.n;

for (const kind of ['redis', 'amqp'] as const)
  describeUnless(missingFor(kind))(`${kind} away, or not told`, () => {
    let broker: BrokerUnderTest;
    beforeAll(async () => {
      broker = await startBroker(kind);
    });
    afterAll(() => broker.remove());

    // fault 8
    it('runs what was committed by a process that was killed before it told the broker', async () => {
      await scenario({ broker }, async (s) => {
        await s.fleet.start();
        let noted = 0;
        for (let i = 0; i < kills; i++) {
          const proxy = await FaultProxy.inFrontOf(s.url);
          const api = await ApiProcess.start(proxy.url, { BROKER_URL: broker.url! });
          proxy.afterReply('celeriac.insert', async (): Promise<Verdict> => {
            await api.kill();
            return 'reset';
          });
          const submissions = Array.from({ length: 20 }, (_, j) =>
            api.submit('demo.append', { args: [`line ${i}-${j}`, 0] }).catch(() => undefined),
          );
          await Promise.all(submissions);
          const { rows } = await s.sql.query<{ n: number }>('SELECT count(*)::int AS n FROM celeriac.outbox');
          noted += rows[0]!.n;
          await proxy.close();
        }
        expect(noted).toBeGreaterThanOrEqual(kills);
        await until('the outbox is empty', async () => {
          const { rowCount } = await s.sql.query('SELECT FROM celeriac.outbox');
          return rowCount === 0;
        });
        const { rows } = await s.sql.query<{ id: string; line: string; s: number }>(
          `SELECT id, args->>0 AS line, extract(epoch FROM started_at - created_at)::float8 AS s FROM celeriac.task_record`,
        );
        const figures = await s.barB(new Map(rows.map((row) => [row.id, row.line])), 0);
        const slowest = Math.max(...rows.map((row) => row.s));
        expect(slowest).toBeLessThan(RELAYED_WITHIN_S + 1);
        s.report('8', { n: rows.length, kills, 'slowest start in s': slowest, ...figures });
      });
    }, 600_000);

    // fault 9
    it('accepts all the time while the broker is dead, and works again within seconds of its return', async () => {
      await scenario({ broker }, async (s) => {
        await s.fleet.startMany(2);
        const accepted = new Map<string, unknown>(await s.append(100, 20));
        await until('tasks end', async () => (await finished(s)) > 50);
        const ended = new AbortController();
        let slowest = 0;
        const submitting = (async () => {
          while (!ended.signal.aborted) {
            const since = performance.now();
            for (const [id, line] of await s.append(10, () => s.random.below(50))) accepted.set(id, line);
            slowest = Math.max(slowest, performance.now() - since);
            await sleep(40);
          }
        })();
        await broker.server!.kill();
        await until('it is noticed', async () => !(await s.tasks.health()).broker.up);
        await sleep(downMs);
        const before = await finished(s);
        const health = await s.tasks.health();
        expect(health).toMatchObject({ database: { up: true }, broker: { kind, up: false } });
        expect(health.unpublished!.batches).toBeGreaterThan(0);
        await broker.server!.start();
        const since = performance.now();
        await until('work goes on', async () => (await finished(s)) > before);
        const resumed = performance.now() - since;
        expect(resumed).toBeLessThan(5000);
        await sleep(500);
        ended.abort();
        await submitting;
        const figures = await s.barB(accepted, 40);
        expect(await s.tasks.health()).toMatchObject({ broker: { up: true } });
        s.report('9', {
          n: accepted.size,
          'down ms': downMs,
          'resumed after ms': Math.round(resumed),
          'slowest submission ms': Math.round(slowest),
          ...figures,
        });
      });
    });
  });
