import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startBroker, missingFor, underRedis, type BrokerUnderTest } from '../support/broker-under-test.js';
import { full, scenario, type Scenario } from '../support/fault-scenario.js';
import { describeUnless } from '../support/prerequisite.js';
import type { RabbitServer } from '../support/rabbit-server.js';
import { RedisServer, redisMissing } from '../support/redis-server.js';
import { until } from '../support/until.js';

const n = full ? 2000 : 600;
const QUEUE = 'celeriac.celeriac.default.p9';

const finished = async ({ sql }: Scenario) =>
  (await sql.query<{ n: number }>('SELECT count(*)::int AS n FROM celeriac.task_done')).rows[0]!.n;

/** Tasks that wait and tasks that run, then the loss, then all of them must end. */
async function losing(
  broker: BrokerUnderTest,
  title: string,
  lose: (s: Scenario) => Promise<void>,
): Promise<void> {
  await scenario({ broker }, async (s) => {
    await s.fleet.startMany(2);
    const accepted = await s.append(n, () => 20 + s.random.below(40));
    await until('a part has ended', async () => (await finished(s)) > n / 6);
    await lose(s);
    const after = await finished(s);
    expect(after).toBeLessThan(n);
    const since = performance.now();
    // more work for the same queue, by which what was passed over is told
    for (const [id, line] of await s.append(50, 20)) (accepted as Map<string, unknown>).set(id, line);
    const figures = await s.barB(accepted, 40, 120_000);
    const seconds = ((performance.now() - since) / 1000).toFixed(1);
    s.report(`10, ${title}`, {
      n: accepted.size,
      'ended before': after,
      'all ended after s': seconds,
      ...figures,
    });
  });
}

// fault 10
describeUnless(missingFor('redis'))('a Redis that forgets', () => {
  let broker: BrokerUnderTest;
  beforeAll(async () => {
    broker = await startBroker('redis');
  });
  afterAll(() => broker.remove());

  it('loses no task when all keys are deleted', async () => {
    await losing(broker, 'FLUSHALL', async () => void (await (broker.server as RedisServer).ask('FLUSHALL')));
  });

  it('loses no task when the waiting jobs alone are deleted', async () => {
    await losing(broker, 'DEL', async () => {
      await (broker.server as RedisServer).ask('DEL', 'celeriac:celeriac:default:prioritized');
    });
  });
});

describeUnless(redisMissing)('a Redis that comes back with an old snapshot', () => {
  it('loses no task, and runs none of the snapshot twice', async () => {
    const server = await RedisServer.create({ appendonly: 'no' });
    try {
      await losing(underRedis(server), 'old snapshot', async (s) => {
        await server.ask('SAVE');
        const before = await finished(s);
        await until('the snapshot is old', async () => (await finished(s)) > before + n / 6);
        await server.kill();
        await server.start();
      });
    } finally {
      await server.remove();
    }
  });
});

describeUnless(missingFor('amqp'))('a RabbitMQ that forgets', () => {
  let broker: BrokerUnderTest;
  const server = () => broker.server as RabbitServer;
  beforeAll(async () => {
    broker = await startBroker('amqp');
  });
  afterAll(() => broker.remove());

  it('loses no task when the queue is purged', async () => {
    await losing(broker, 'purge', async () => {
      await server().ask((channel) => channel.purgeQueue(QUEUE));
    });
  });

  it('loses no task when the queue is deleted', async () => {
    await losing(broker, 'delete', async () => {
      await server().ask((channel) => channel.deleteQueue(QUEUE));
    });
  });

  it('loses no task when it is started again with nothing', async () => {
    await losing(broker, 'restarted empty', async () => {
      await server().kill();
      await server().wipe();
      await server().start();
    });
  });
});
