import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { RabbitBroker } from '#dist/tasks/brokers/rabbitmq/rabbit.broker.js';
import { Slots } from '#dist/tasks/brokers/slots.js';
import { describeUnless } from '../support/prerequisite.js';
import { RabbitServer, rabbitMissing } from '../support/rabbit-server.js';
import { until } from '../support/until.js';

const TIMEOUT_MS = 3000;
const idOf = (n: number) => `019395a0-0000-7000-8000-${String(n).padStart(12, '0')}`;
const messageOf = (n: number) => ({ id: idOf(n), dispatch: 1, name: 'long', queue: 'default', priority: 0 });

describeUnless(rabbitMissing)('a task that runs longer than RabbitMQ waits for an acknowledgement', () => {
  let server: RabbitServer;
  beforeAll(async () => {
    // looked at each second instead of each minute
    server = await RabbitServer.create({ consumer_timeout: TIMEOUT_MS, channel_tick_interval: 1000 });
  });
  afterAll(() => server.remove());

  it('keeps its channel, is delivered once, and leaves the other slots to others', async () => {
    const broker = await RabbitBroker.load(
      { urls: [server.url], socket: {} },
      { schema: 'long', acknowledgeAfterMs: 500 },
    );
    await broker.connect();
    const deliveries: string[] = [];
    const slots = new Slots(2);
    let most = 0;
    let finish = () => {};
    const long = new Promise<void>((resolve) => (finish = resolve));
    const consumer = await broker.consume({
      queues: () => ['default'],
      slots,
      workerId: () => 'worker',
      async handler({ message }) {
        deliveries.push(message.id);
        most = Math.max(most, slots.busy);
        await (message.id === idOf(0) ? long : sleep(20));
        slots.release();
      },
    });
    await broker.publish([messageOf(0)]);
    await until('it runs', () => deliveries.length === 1);
    const began = performance.now();
    await until('the long one is acknowledged', async () => {
      const listed = await server.control('list_queues', 'name', 'messages');
      return listed.includes('celeriac.long.default.p9\t0');
    });
    let n = 1;
    while (performance.now() - began < TIMEOUT_MS * 2.5 || n < 20) {
      await broker.publish([messageOf(n++), messageOf(n++)]);
      await sleep(200);
    }
    await until('all are delivered', () => deliveries.length >= n);
    finish();
    await consumer.stop();
    expect(new Set(deliveries).size).toBe(n);
    expect(deliveries).toHaveLength(n);
    expect(most).toBe(2);
    expect(broker.status.up).toBe(true);
    await broker.close();
  });
});
