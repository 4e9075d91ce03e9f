import { RabbitServer, rabbitMissing } from '../support/rabbit-server.js';
import { BareAmqp } from './bare-amqp.js';
import { fill, sample, settled, submitsPublished } from './broker-loads.js';
import { compare, median, n, percentile, settings } from './compare.js';
import { openBench } from './harness.js';
import { submitToStart } from './latency.js';

const count = Math.ceil(settings.count / 2);
const IN_FLIGHT = 500;
const CONCURRENCY = 200;

/** The RabbitMQ broker, everything recorded in Postgres, against amqplib alone. */
export async function benchAmqp(): Promise<void> {
  if (rabbitMissing) return console.log(`left out: ${rabbitMissing}\n`);
  const rabbit = await RabbitServer.create();
  const bench = await openBench(rabbit.url);
  const bare = await BareAmqp.open(rabbit.url);
  try {
    await compare(
      `submit, ${IN_FLIGHT} in flight, until committed, published and confirmed`,
      {
        title: 'delay()',
        async measure() {
          await rabbit.ask((channel) => channel.deleteQueue('celeriac.celeriac.default.p9'));
          await bench.clear();
          return sample(await submitsPublished(bench, count, IN_FLIGHT));
        },
      },
      {
        title: 'sendToQueue() of bare amqplib, confirmed',
        async measure() {
          await bare.clear();
          return sample(await bare.publish(count, IN_FLIGHT));
        },
      },
    );
    await compare(
      `waiting to settled, concurrency ${CONCURRENCY}`,
      {
        title: 'a worker',
        async measure() {
          await rabbit.ask((channel) => channel.deleteQueue('celeriac.celeriac.default.p9'));
          await bench.clear();
          await fill(bench, count);
          return sample(await settled(bench, count, CONCURRENCY));
        },
      },
      {
        title: 'a consumer of bare amqplib',
        async measure() {
          await bare.clear();
          await bare.publish(count, IN_FLIGHT);
          return sample(await bare.consume(count, CONCURRENCY));
        },
      },
    );
    await bench.clear();
    const times = await submitToStart(bench, 200);
    console.log(
      `submit to start, idle: p50 ${n(median(times), 2)} ms, p99 ${n(percentile(times, 99), 2)} ms\n`,
    );
  } finally {
    await bare.close();
    await bench.close();
    await rabbit.remove();
  }
}
