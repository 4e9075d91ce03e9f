import { randomUUID } from 'node:crypto';
import type { Channel, ConfirmChannel } from 'amqplib';
import { BrokerUnavailableError } from '../../errors.js';
import { Broker, type ConsumeOptions, type Consumer, type QueueCounts, type TaskMessage } from '../broker.js';
import { loadAmqplib } from './load-amqplib.js';
import { RabbitConnection } from './rabbit-connection.js';
import { RabbitConsumer } from './rabbit-consumer.js';
import { toContent } from './rabbit-message.js';
import { Topology } from './topology.js';

const ACKNOWLEDGE_AFTER_MS = 10 * 60_000;

export interface RabbitBrokerOptions {
  readonly urls: readonly string[];
  readonly socket: Readonly<Record<string, unknown>>;
}

export interface RabbitBrokerSettings {
  readonly schema: string;
  /** How long a message may be unacknowledged, in ms. Default 10 minutes; RabbitMQ's own limit is 30. */
  readonly acknowledgeAfterMs?: number | undefined;
}

/** Durable queues of RabbitMQ: persistent messages, confirmed when published, acknowledged when their result is stored. */
export class RabbitBroker extends Broker {
  readonly kind = 'amqp';
  readonly isTable = false;
  readonly isRemote = true;
  private readonly consumers = new Set<RabbitConsumer>();
  private publisher: Promise<ConfirmChannel> | undefined;
  private declared = new Set<string>();
  /** Messages that RabbitMQ could not route, by `id-dispatch`: their queue is gone. */
  private readonly returned = new Set<string>();
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly connection: RabbitConnection,
    private readonly topology: Topology,
    private readonly acknowledgeAfterMs: number,
  ) {
    super();
    connection.on('up', () => this.cameUp());
    connection.on('down', (reason) => this.wentDown(reason));
    connection.on('blocked', (reason) => this.wentDown(`it takes no messages: ${reason}`));
    connection.on('unblocked', () => this.cameUp());
  }

  /** @throws MissingPackageError */
  static async load(options: RabbitBrokerOptions, settings: RabbitBrokerSettings): Promise<RabbitBroker> {
    const { schema, acknowledgeAfterMs = ACKNOWLEDGE_AFTER_MS } = settings;
    const connection = new RabbitConnection(await loadAmqplib(), options.urls, options.socket);
    return new RabbitBroker(connection, new Topology(schema), acknowledgeAfterMs);
  }

  override connect(): Promise<void> {
    return this.connection.open();
  }

  override async publish(messages: readonly TaskMessage[]): Promise<void> {
    const { up, reason } = this.status;
    if (!up) throw new BrokerUnavailableError(`${this.connection.address} cannot be used: ${reason}`);
    await this.send(messages);
    const lost = messages.filter((message) => this.returned.delete(keyOf(message)));
    if (lost.length === 0) return;
    for (const { queue } of lost) this.declared.delete(queue);
    await this.send(lost);
  }

  override async consume(options: ConsumeOptions): Promise<Consumer> {
    const consumer = new RabbitConsumer(this, this.connection, this.topology, options, {
      acknowledgeAfterMs: this.acknowledgeAfterMs,
      onStop: () => this.consumers.delete(consumer),
    });
    this.consumers.add(consumer);
    await consumer.start();
    return consumer;
  }

  override async counts(queue: string): Promise<QueueCounts> {
    const channel = await this.channel();
    const { messageCount } = await this.topology.declare(channel, queue);
    const dead = await channel.checkQueue(this.topology.dead(queue));
    return { waiting: messageCount, quarantined: dead.messageCount };
  }

  override async purge(queue: string): Promise<number> {
    const channel = await this.channel();
    await this.topology.declare(channel, queue);
    return (await channel.purgeQueue(this.topology.queue(queue))).messageCount;
  }

  /** RabbitMQ tells nothing about its memory, so a durable queue bears the epoch in its name: gone means emptied. */
  override async epoch(known: string | undefined): Promise<string> {
    if (known !== undefined && (await this.hasMark(known))) return known;
    const epoch = randomUUID();
    await this.withChannel((channel) => this.topology.declareMark(channel, epoch));
    return epoch;
  }

  override async describe(): Promise<string> {
    return `${this.connection.product} at ${this.connection.address}`;
  }

  override async ping(): Promise<void> {
    const { up, reason } = this.status;
    if (!up) throw new BrokerUnavailableError(`${this.connection.address} cannot be used: ${reason}`);
    await this.withChannel(async () => undefined);
  }

  override close(): Promise<void> {
    return (this.closing ??= this.end());
  }

  private async end(): Promise<void> {
    await Promise.all([...this.consumers].map((consumer) => consumer.stop()));
    await this.connection.close();
  }

  private async send(messages: readonly TaskMessage[]): Promise<void> {
    const channel = await this.channel();
    for (const queue of new Set(messages.map((message) => message.queue))) {
      if (this.declared.has(queue)) continue;
      await this.topology.declare(channel, queue);
      this.declared.add(queue);
    }
    await Promise.all(
      messages.map(
        (message) =>
          new Promise<void>((resolve, reject) => {
            const options = {
              persistent: true,
              mandatory: true,
              priority: message.priority,
              messageId: keyOf(message),
              type: message.name,
            };
            channel.sendToQueue(this.topology.queue(message.queue), toContent(message), options, (error) =>
              error ? reject(error as Error) : resolve(),
            );
          }),
      ),
    );
  }

  /** The one that publishes; made anew when it or its connection has broken. */
  private channel(): Promise<ConfirmChannel> {
    this.publisher ??= this.openPublisher();
    return this.publisher;
  }

  private async openPublisher(): Promise<ConfirmChannel> {
    const forget = () => {
      this.publisher = undefined;
      this.declared = new Set();
    };
    try {
      const channel = await this.connection.model.createConfirmChannel();
      channel.on('error', () => undefined);
      channel.on('close', forget);
      channel.on('return', ({ properties }) => this.returned.add(String(properties.messageId)));
      return channel;
    } catch (error) {
      forget();
      throw error;
    }
  }

  private async hasMark(epoch: string): Promise<boolean> {
    try {
      await this.withChannel(async (channel) => {
        await channel.checkQueue(this.topology.mark(epoch));
        await this.topology.declareMark(channel, epoch);
      });
      return true;
    } catch (error) {
      if ((error as { code?: unknown }).code === 404) return false;
      throw error;
    }
  }

  /** A channel that may break by what is asked. */
  private async withChannel<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await this.connection.model.createChannel();
    channel.on('error', () => undefined);
    try {
      return await work(channel);
    } finally {
      await channel.close().catch(() => undefined);
    }
  }
}

const keyOf = ({ id, dispatch }: TaskMessage) => `${id}-${dispatch}`;
