import { Logger } from '@nestjs/common';
import type { Channel, ConsumeMessage } from 'amqplib';
import type { Broker, ConsumeOptions, Consumer, Delivery } from '../broker.js';
import type { RabbitConnection } from './rabbit-connection.js';
import { readContent } from './rabbit-message.js';
import type { Topology } from './topology.js';

const REOPEN_MS = 500;

export interface RabbitConsumerSettings {
  /**
   * RabbitMQ closes the channel of a message that stays unacknowledged for 30 minutes (its consumer_timeout). A task that
   * runs for this long has its message acknowledged; the lease of its worker covers it.
   */
  readonly acknowledgeAfterMs: number;
  onStop(): void;
}

interface Delivered {
  readonly message: ConsumeMessage;
  readonly since: number;
  /** Acknowledged before its end. */
  early: boolean;
}

/**
 * Consumers of all of the worker's queues on one channel, whose prefetch is what the worker has room for: RabbitMQ
 * never sends more than it has free slots.
 */
export class RabbitConsumer implements Consumer {
  private readonly logger = new Logger('Tasks');
  private readonly tags = new Map<string, string>();
  private readonly open = new Set<Delivered>();
  private channel: Channel | undefined;
  /** Changes of channel and consumers, one after the other. */
  private changes: Promise<void> = Promise.resolve();
  private prefetch = 0;
  /** Of its consumers: RabbitMQ serves a lower one only where no higher one has room. */
  private priority = 0;
  private quarantined = 0;
  private stopped = false;
  private idle: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;
  private readonly onUp = () => this.wake();

  constructor(
    private readonly broker: Broker,
    private readonly connection: RabbitConnection,
    private readonly topology: Topology,
    private readonly options: ConsumeOptions,
    private readonly settings: RabbitConsumerSettings,
  ) {}

  async start(): Promise<void> {
    this.broker.on('up', this.onUp);
    this.timer = setInterval(() => this.acknowledgeLong(), this.settings.acknowledgeAfterMs / 10);
    this.wake();
    await this.changes;
  }

  wake(): void {
    this.changes = this.changes.then(() => this.reconcile()).catch((error: unknown) => this.failed(error));
  }

  async stop(): Promise<void> {
    if (!this.stopped) {
      this.stopped = true;
      this.settings.onStop();
      this.broker.off('up', this.onUp);
      clearInterval(this.timer);
      this.wake();
    }
    await this.changes;
    while (this.open.size > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
    await this.channel?.close().catch(() => undefined);
  }

  /** Makes channel, prefetch and consumers what they should be. */
  private async reconcile(): Promise<void> {
    if (!this.connection.isUp) return;
    if (!this.channel && this.stopped) return;
    const channel = (this.channel ??= await this.openChannel());
    const room = this.options.slots.size - this.early();
    if (room > 0 && room !== this.prefetch) {
      // for all consumers of the channel together
      await channel.prefetch(room, true);
      this.prefetch = room;
    }
    // a prefetch of 0 would mean without limit
    const wanted = new Set(this.stopped || room <= 0 ? [] : this.options.queues());
    const { priority } = this;
    this.priority = this.wantedPriority;
    for (const [queue, tag] of this.tags)
      if (!wanted.has(queue) || this.priority !== priority) {
        this.tags.delete(queue);
        await channel.cancel(tag);
      }
    for (const queue of wanted) if (!this.tags.has(queue)) await this.consume(channel, queue);
  }

  private async openChannel(): Promise<Channel> {
    const channel = await this.connection.model.createChannel();
    this.prefetch = 0;
    this.tags.clear();
    channel.on('error', (error) => this.logger.debug(`the channel of this worker broke: ${error.message}`));
    channel.on('close', () => {
      if (this.channel !== channel) return;
      this.channel = undefined;
      // their handlers hold their slots, and there is nobody to acknowledge to any more
      for (const delivered of this.open) delivered.early = true;
      // what was in hand is delivered again; the claims decide
      this.tags.clear();
      this.reopenSoon();
    });
    return channel;
  }

  private async consume(channel: Channel, queue: string): Promise<void> {
    await this.topology.declare(channel, queue);
    const onMessage = (message: ConsumeMessage | null) => {
      if (message) return this.received(channel, queue, message);
      // the queue was deleted
      this.tags.delete(queue);
      this.wake();
    };
    const { priority } = this;
    const { consumerTag } = await channel.consume(this.topology.queue(queue), onMessage, { priority });
    this.tags.set(queue, consumerTag);
  }

  private get wantedPriority(): number {
    return (this.options.hesitation?.() ?? 0) > 0 ? -1 : 0;
  }

  private received(channel: Channel, queue: string, message: ConsumeMessage): void {
    const known = readContent(message.content);
    if (!known) return this.quarantine(channel, queue, message);
    // it was on its way when the worker was told to take nothing more from here
    if (this.stopped || !this.options.queues().includes(queue))
      return answer(() => channel.nack(message, false, true));
    const delivered: Delivered = { message, since: Date.now(), early: false };
    this.open.add(delivered);
    this.options.slots.take();
    void this.handle(channel, delivered, known);
  }

  private async handle(channel: Channel, delivered: Delivered, known: Delivery['message']): Promise<void> {
    const { message } = delivered;
    try {
      await this.options.handler({ message: known });
      if (!delivered.early) answer(() => channel.ack(message));
    } catch {
      if (!delivered.early) answer(() => channel.nack(message, false, true));
    }
    this.open.delete(delivered);
    if (delivered.early || this.priority !== this.wantedPriority) this.wake();
    if (this.open.size === 0) for (const resolve of this.idle.splice(0)) resolve();
  }

  private quarantine(channel: Channel, queue: string, message: ConsumeMessage): void {
    if (this.quarantined++ === 0)
      this.logger.warn(
        `the queue ${queue} in RabbitMQ holds a message that is none of ours: it, and others like it, go to ${this.topology.dead(queue)}`,
      );
    answer(() => channel.nack(message, false, false));
  }

  private acknowledgeLong(): void {
    const before = Date.now() - this.settings.acknowledgeAfterMs;
    const { channel } = this;
    if (!channel) return;
    if (this.priority !== this.wantedPriority) this.wake();
    for (const delivered of this.open) {
      if (delivered.early || delivered.since > before) continue;
      delivered.early = true;
      answer(() => channel.ack(delivered.message));
      this.wake();
    }
  }

  private early(): number {
    let count = 0;
    for (const { early } of this.open) if (early) count++;
    return count;
  }

  private failed(error: unknown): void {
    if (this.stopped) return;
    if (this.connection.isUp) this.logger.debug(`consuming: ${(error as Error).message}`);
    this.reopenSoon();
  }

  private reopenSoon(): void {
    if (!this.stopped) setTimeout(() => this.wake(), REOPEN_MS).unref();
  }
}

/** The channel may have broken meanwhile: then the message is delivered again by itself. */
function answer(send: () => void): void {
  try {
    send();
  } catch {
    // IllegalOperationError: the channel is closed
  }
}
