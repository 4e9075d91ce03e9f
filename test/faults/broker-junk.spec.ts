import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { readBrokerOptions } from '#dist/tasks/brokers/broker-options.js';
import type { Broker } from '#dist/tasks/brokers/broker.js';
import { createBroker } from '#dist/tasks/brokers/create-broker.js';
import { startBroker, missingFor, type BrokerUnderTest } from '../support/broker-under-test.js';
import { full, scenario } from '../support/fault-scenario.js';
import { describeUnless } from '../support/prerequisite.js';
import type { RabbitServer } from '../support/rabbit-server.js';
import type { RedisServer } from '../support/redis-server.js';
import { SeededRandom } from '../support/seeded-random.js';
import { until } from '../support/until.js';

const n = full ? 1000 : 300;

/** Jobs and messages that are none of ours, in every shape that somebody may put into the queue. */
async function addJunk(broker: BrokerUnderTest, count: number): Promise<void> {
  const random = new SeededRandom();
  if (broker.kind === 'redis') {
    const queue = new Queue('default', {
      connection: { port: (broker.server as RedisServer).port },
      prefix: 'celeriac:celeriac',
    });
    await queue.addBulk(
      Array.from({ length: count / 2 }, (_, i) => ({
        name: 'junk',
        data: { of: 'somebody else' },
        opts: {
          jobId: random.pick([`junk-${i}`, `00000000-0000-7000-8000-00000000000z-${i}`]),
          priority: 10,
        },
      })),
    );
    await queue.close();
    // ids without a job behind them
    for (let i = 0; i < count / 2; i++)
      await (broker.server as RedisServer).ask('LPUSH', 'celeriac:celeriac:default:wait', `ghost-${i}`);
    return;
  }
  const contents = [
    '',
    'not json',
    '{"v":1}',
    '{"v":2,"id":"x","dispatch":1}',
    '[]',
    'null',
    'x'.repeat(5000),
  ];
  await (broker.server as RabbitServer).ask(async (channel) => {
    for (let i = 0; i < count; i++)
      channel.sendToQueue(
        'celeriac.celeriac.default.p9',
        i % 8 === 0 ? Buffer.from([0, 255, i % 256]) : Buffer.from(random.pick(contents)),
      );
    await channel.checkQueue('celeriac.celeriac.default.p9');
  });
}

for (const kind of ['redis', 'amqp'] as const)
  describeUnless(missingFor(kind))(`${kind} with what nobody asked for`, () => {
    let broker: BrokerUnderTest;
    let ours: Broker;
    beforeAll(async () => {
      broker = await startBroker(kind);
      const surroundings = { schema: 'celeriac', leaseMs: 2000, database: '' };
      ours = await createBroker(readBrokerOptions(broker.url), surroundings as never);
      await ours.connect();
    });
    afterAll(async () => {
      await ours.close();
      await broker.remove();
    });

    // fault 19
    it('puts junk aside, goes on, and runs all that is good', async () => {
      await scenario({ broker }, async (s) => {
        const accepted = new Map<string, unknown>(await s.append(n / 2, 5));
        await addJunk(broker, n);
        for (const [id, line] of await s.append(n / 2, 5)) accepted.set(id, line);
        await s.fleet.startMany(2);
        const figures = await s.barB(accepted, 0);
        const { quarantined } = await ours.counts('default');
        expect(quarantined).toBe(n);
        s.report('19', { good: accepted.size, junk: n, quarantined, ...figures });
      });
    });

    // fault 20
    it('runs once what is delivered five times', async () => {
      await scenario({ broker }, async (s) => {
        await s.fleet.startMany(2);
        const accepted = await s.append(n, () => s.random.below(20));
        const messages = [...accepted.keys()].map((id) => ({
          id,
          dispatch: 1,
          name: 'demo.append',
          queue: 'default',
          priority: 0,
        }));
        let sent = 0;
        for (let round = 0; round < 4; round++) {
          await ours.publish(messages);
          sent += messages.length;
          // Redis knows a job that still waits by its id: the next round comes when these are gone
          await until('they were taken', async () => (await ours.counts('default')).waiting === 0, 60_000);
        }
        const figures = await s.barB(accepted, 0);
        s.report('20', { n: accepted.size, 'messages more': sent, ...figures });
      });
    });
  });
