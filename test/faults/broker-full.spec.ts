import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BrokerRefusedError } from '#dist/tasks/index.js';
import { createApplication } from '../support/application.js';
import { startBroker, missingFor, type BrokerUnderTest } from '../support/broker-under-test.js';
import { createDatabase } from '../support/database.js';
import { full, scenario, type Scenario } from '../support/fault-scenario.js';
import { describeUnless } from '../support/prerequisite.js';
import type { RabbitServer } from '../support/rabbit-server.js';
import type { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

const n = full ? 2000 : 500;

/** Submissions go on while the broker takes nothing; the lag is shown; then all of it runs. */
async function refusing(
  broker: BrokerUnderTest,
  title: string,
  refuse: (s: Scenario) => Promise<void>,
  heal: () => Promise<void>,
): Promise<void> {
  await scenario({ broker }, async (s) => {
    await s.fleet.startMany(2);
    const accepted = new Map<string, unknown>(await s.append(50, 5));
    await s.barB(accepted, 0);
    await refuse(s);
    for (const [id, line] of await s.append(n, 5)) accepted.set(id, line);
    const shown = await until('it is shown', async () => {
      const health = await s.tasks.health();
      return health.broker.up ? undefined : health;
    });
    expect(shown.broker.reason).toBeTruthy();
    expect(shown.unpublished!.batches).toBeGreaterThan(0);
    await heal();
    const figures = await s.barB(accepted, 0, 60_000);
    const back = await until('it is shown to be back', async () => {
      const health = await s.tasks.health();
      return health.broker.up ? health : undefined;
    });
    expect(back.broker.reason).toBeNull();
    s.report(`11, ${title}`, {
      n: accepted.size,
      'batches that waited': shown.unpublished!.batches,
      ...figures,
    });
  });
}

// fault 11
describe('a broker that takes nothing', () => {
  describeUnless(missingFor('redis'))('redis', () => {
    let broker: BrokerUnderTest;
    const ask = (...args: string[]) => (broker.server as RedisServer).ask(args[0]!, ...args.slice(1));
    beforeAll(async () => {
      broker = await startBroker('redis');
    });
    afterAll(() => broker.remove());

    it('holds up nobody when its memory is full, and the work runs when there is room again', async () => {
      await refusing(
        broker,
        'out of memory',
        async () => void (await ask('CONFIG', 'SET', 'maxmemory', '1mb')),
        async () => void (await ask('CONFIG', 'SET', 'maxmemory', '0')),
      );
    });

    it('is refused at start when it would drop messages, with the command that sets it right', async () => {
      await ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
      const database = await createDatabase();
      const starting = createApplication(database.url, {}, { broker: broker.url });
      await expect(starting).rejects.toThrow(BrokerRefusedError);
      await expect(starting).rejects.toThrow(/allkeys-lru.*CONFIG SET maxmemory-policy noeviction/);
      await ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await database.discard();
    });
  });

  describeUnless(missingFor('amqp'))('amqp', () => {
    let broker: BrokerUnderTest;
    const control = (...args: string[]) => (broker.server as RabbitServer).control(...args);
    beforeAll(async () => {
      broker = await startBroker('amqp');
    });
    afterAll(() => broker.remove());

    it('holds up nobody when its alarm blocks publishers, and the work runs when it is over', async () => {
      await refusing(
        broker,
        'alarm',
        async () => void (await control('set_vm_memory_high_watermark', 'absolute', '1MB')),
        async () => void (await control('set_vm_memory_high_watermark', '0.4')),
      );
    });
  });
});
