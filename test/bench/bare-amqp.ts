import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { inLanes, rate } from './harness.js';

const QUEUE = 'bare';

/** amqplib as its documentation shows it: persistent messages with confirms, a consumer with acknowledgements. */
export class BareAmqp {
  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: ConfirmChannel,
  ) {}

  static async open(url: string): Promise<BareAmqp> {
    const connection = await connect(url);
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(QUEUE, { durable: true, maxPriority: 9 });
    return new BareAmqp(connection, channel);
  }

  /** With so many unconfirmed. */
  publish(count: number, inFlight: number): Promise<number> {
    const content = Buffer.from('[2,3]');
    let left = count;
    const one = () =>
      new Promise<void>((resolve, reject) => {
        this.channel.sendToQueue(QUEUE, content, { persistent: true }, (error) =>
          error ? reject(error as Error) : resolve(),
        );
      });
    return rate(count, () =>
      inLanes(inFlight, async () => {
        if (left-- <= 0) return false;
        await one();
        return true;
      }),
    );
  }

  /** From the consumer's start until the last message is acknowledged. */
  consume(count: number, prefetch: number): Promise<number> {
    return rate(count, async () => {
      const channel = await this.connection.createChannel();
      await channel.prefetch(prefetch);
      await new Promise<void>((resolve, reject) => {
        let done = 0;
        const take = async (message: Parameters<Parameters<typeof channel.consume>[1]>[0]) => {
          const [x, y] = JSON.parse(message!.content.toString()) as [number, number];
          await Promise.resolve(x + y);
          channel.ack(message!);
          if (++done === count) resolve();
        };
        channel.consume(QUEUE, (message) => void take(message)).catch(reject);
      });
      await channel.close();
    });
  }

  async clear(): Promise<void> {
    await this.channel.purgeQueue(QUEUE);
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}
