import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBroker, missingFor, type BrokerUnderTest } from '../support/broker-under-test.js';
import { connections, full, scenario, type Scenario } from '../support/fault-scenario.js';
import { describeUnless } from '../support/prerequisite.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const n = full ? 2000 : 600;
const resets = full ? 50 : 15;
const silentMs = full ? 60_000 : 20_000;
const NOTICED_WITHIN_MS = 15_000;
const WORKERS = 2;
/** A heap that was just collected may still differ by this share. */
const MEMORY_NOISE = 1.25;

/** Every process reaches the broker through the proxy only. */
async function throughProxy(
  broker: BrokerUnderTest,
  body: (s: Scenario, proxy: TcpProxy) => Promise<void>,
): Promise<void> {
  const proxy = await TcpProxy.inFrontOf(broker.url!);
  try {
    await scenario({ broker, brokerUrl: proxy.url }, (s) => body(s, proxy));
  } finally {
    await proxy.close();
  }
}

for (const kind of ['redis', 'amqp'] as const)
  describeUnless(missingFor(kind))(`the way to ${kind}`, () => {
    let broker: BrokerUnderTest;
    beforeAll(async () => {
      broker = await startBroker(kind);
    });
    afterAll(() => broker.remove());

    // fault 12
    it('loses nothing when every connection is reset again and again', async () => {
      await throughProxy(broker, async (s, proxy) => {
        const workers = await s.fleet.startMany(WORKERS);
        const accepted = new Map<string, unknown>(await s.append(100, 5));
        await s.barB(accepted, 0);
        const before = { database: await connections(s.sql), broker: proxy.connections };
        const memory = () => Promise.all(workers.map((worker) => worker.memory()));
        const memoryBefore = await memory();
        let broken = 0;
        for (let i = 0; i < resets; i++) {
          for (const [id, line] of await s.append(n / resets, () => s.random.below(60)))
            accepted.set(id, line);
          await sleep(s.random.below(300));
          broken += await until('there are connections', () => proxy.reset());
        }
        expect(broken).toBeGreaterThan(resets);
        const figures = await s.barB(accepted, WORKERS * 10 * resets);
        await until('there are as many connections as before', () => proxy.connections <= before.broker);
        const after = await connections(s.sql);
        for (const [name, count] of Object.entries(before.database))
          expect(after[name] ?? 0).toBeLessThanOrEqual(count + 2);
        const growth = (await memory()).map((mb, i) => mb / memoryBefore[i]!);
        expect(Math.max(...growth)).toBeLessThan(MEMORY_NOISE);
        const shown = growth.map((factor) => factor.toFixed(2)).join('/');
        s.report('12', { n: accepted.size, resets, broken, ...figures, 'memory grown by the factor': shown });
      });
    });

    // fault 13
    it('notices within 15 s that nothing arrives any more, accepts meanwhile, and goes on after', async () => {
      await throughProxy(broker, async (s, proxy) => {
        await s.fleet.startMany(WORKERS);
        const accepted = new Map<string, unknown>(await s.append(50, 5));
        await s.barB(accepted, 0);
        proxy.set('blackhole');
        const since = performance.now();
        const submitted = await s.append(200, () => s.random.below(60));
        for (const [id, line] of submitted) accepted.set(id, line);
        await until('it is noticed', async () => !(await s.tasks.health()).broker.up, NOTICED_WITHIN_MS);
        const noticed = performance.now() - since;
        await sleep(Math.max(0, silentMs - noticed));
        proxy.set('pass');
        const healed = performance.now();
        const figures = await s.barB(accepted, WORKERS * 10);
        const again = performance.now() - healed;
        s.report('13', {
          n: accepted.size,
          'silent ms': silentMs,
          'noticed after ms': Math.round(noticed),
          'all done after ms': Math.round(again),
          ...figures,
        });
      });
    });

    // fault 16
    it('makes nothing run twice when replies of the broker are lost', async () => {
      await throughProxy(broker, async (s, proxy) => {
        await s.fleet.startMany(WORKERS);
        const accepted = new Map<string, unknown>(await s.append(50, 5));
        await s.barB(accepted, 0);
        proxy.loseReplies(() => s.random.next() < 0.03);
        for (let i = 0; i < 30; i++) {
          for (const [id, line] of await s.append(n / 30, () => s.random.below(40))) accepted.set(id, line);
          await sleep(100);
        }
        await until('replies were lost', () => proxy.lost > 5, 60_000);
        proxy.loseReplies(undefined);
        const figures = await s.barB(accepted, 0, 90_000);
        s.report('16, broker', { n: accepted.size, 'replies lost': proxy.lost, ...figures });
      });
    });
  });
