import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readBrokerOptions } from '#dist/tasks/brokers/broker-options.js';
import { connectBroker } from '#dist/tasks/brokers/connect-broker.js';
import { createRemoteBroker } from '#dist/tasks/brokers/create-broker.js';
import type { Broker } from '#dist/tasks/brokers/broker.js';
import { BrokerRefusedError, BrokerUnavailableError } from '#dist/tasks/index.js';
import { missingFor, startBroker, type BrokerUnderTest } from '../support/broker-under-test.js';
import { freePort } from '../support/free-port.js';
import { describeUnless } from '../support/prerequisite.js';
import type { RabbitServer } from '../support/rabbit-server.js';
import type { RedisServer } from '../support/redis-server.js';

async function brokerAt(url: string): Promise<Broker> {
  return createRemoteBroker(readBrokerOptions(url) as never, { schema: 'starting', leaseMs: 2000 });
}

/** What connecting throws, once. */
async function problemAt(url: string): Promise<Error> {
  const broker = await brokerAt(url);
  try {
    await broker.connect();
  } catch (error) {
    return error as Error;
  } finally {
    await broker.close();
  }
  throw new Error('it connected');
}

const SCHEMES = { redis: 'redis', amqp: 'amqp' } as const;

for (const kind of ['redis', 'amqp'] as const)
  describe(`starting with ${kind}`, () => {
    it('says which host does not answer, without the password', async () => {
      const port = await freePort();
      const error = await problemAt(`${SCHEMES[kind]}://ann:hunter2@127.0.0.1:${port}`);
      expect(error).toBeInstanceOf(BrokerUnavailableError);
      expect(error.message).toContain(`127.0.0.1:${port}`);
      expect(error.message).toContain('cannot be reached');
      expect(error.message).not.toContain('hunter2');
    });

    it('waits for a host that does not answer as long as it was told to', async () => {
      const broker = await brokerAt(`${SCHEMES[kind]}://127.0.0.1:${await freePort()}`);
      const since = performance.now();
      await expect(connectBroker(broker, 1200)).rejects.toBeInstanceOf(BrokerUnavailableError);
      const waited = performance.now() - since;
      expect(waited).toBeGreaterThan(500);
      expect(waited).toBeLessThan(5000);
      await broker.close();
    });
  });

describeUnless(missingFor('redis'))('a Redis with a password', () => {
  let broker: BrokerUnderTest;
  const server = () => broker.server as RedisServer;
  beforeAll(async () => {
    broker = await startBroker('redis');
    await server().ask('ACL', 'SETUSER', 'ann', 'on', '>right', '~*', '+@all');
  });
  afterAll(() => broker.remove());

  it('is refused with the wrong one at once, and taken with the right one', async () => {
    const url = (password: string) => `redis://ann:${password}@127.0.0.1:${server().port}/0`;
    const error = await problemAt(url('wrong'));
    expect(error).toBeInstanceOf(BrokerRefusedError);
    expect(error.message).toMatch(/refuses the user or the password/);
    expect(error.message).not.toContain('wrong');
    const right = await brokerAt(url('right'));
    await right.connect();
    expect(await right.describe()).toMatch(/^Redis \d+\.\d+\.\d+ at redis:\/\/127\.0\.0\.1:\d+\/0$/);
    await right.close();
  });

  it('tells of a new epoch when it has forgotten everything, and not before', async () => {
    const ours = await brokerAt(broker.url!);
    await ours.connect();
    const epoch = await ours.epoch(undefined);
    expect(await ours.epoch(epoch)).toBe(epoch);
    await server().ask('FLUSHALL');
    expect(await ours.epoch(epoch)).not.toBe(epoch);
    await ours.close();
  });
});

describeUnless(missingFor('amqp'))('a RabbitMQ with a password', () => {
  let broker: BrokerUnderTest;
  const server = () => broker.server as RabbitServer;
  beforeAll(async () => {
    broker = await startBroker('amqp');
  });
  afterAll(() => broker.remove());

  it('is refused with the wrong one, or a virtual host that is not there, at once', async () => {
    for (const url of [
      `amqp://guest:wrong@127.0.0.1:${server().port}`,
      `amqp://guest:guest@127.0.0.1:${server().port}/nowhere`,
    ]) {
      const error = await problemAt(url);
      expect(error).toBeInstanceOf(BrokerRefusedError);
      expect(error.message).not.toContain('wrong');
    }
  });

  it('is found among several hosts', async () => {
    const ours = await brokerAt(
      `amqp://guest:guest@127.0.0.1:${await freePort()},127.0.0.1:${server().port}`,
    );
    await ours.connect();
    expect(await ours.describe()).toMatch(/^RabbitMQ \d+\.\d+\.\d+ at amqp:\/\//);
    await ours.close();
  });

  it('tells of a new epoch when it has forgotten everything, and not before', async () => {
    const ours = await brokerAt(broker.url!);
    await ours.connect();
    const epoch = await ours.epoch(undefined);
    expect(await ours.epoch(epoch)).toBe(epoch);
    await server().ask((channel) => channel.deleteQueue(`celeriac.starting.epoch.${epoch}`));
    expect(await ours.epoch(epoch)).not.toBe(epoch);
    await ours.close();
  });
});
