import { Logger } from '@nestjs/common';
import type { Broker, ConsumeOptions, Consumer } from '../../brokers/broker.js';
import { Periodic } from '../../control/periodic.js';

/** A consumer that takes nothing for so long, while there is work and room, is looked at as stuck. */
const LEAST_PATIENCE_MS = 5000;
const LONGEST_PATIENCE_MS = 10 * 60_000;

export interface WatchedConsumerOptions {
  readonly broker: Broker;
  readonly leaseMs: number;
  readonly consume: ConsumeOptions;
  /** Whether tasks of these queues have been ready for so long. */
  overdue(queues: readonly string[], ms: number): Promise<boolean>;
}

/**
 * A worker's consumer, and a watch on it: "connected" is not alive. One that takes nothing while there is work is
 * stopped, and another one is made; what the old one has in hand goes on.
 */
export class WatchedConsumer implements Consumer {
  private readonly logger = new Logger('Tasks');
  private readonly watch: Periodic;
  private readonly consume: ConsumeOptions;
  private readonly stops: Promise<void>[] = [];
  private consumer: Consumer | undefined;
  private takenAt = Date.now();
  private patienceMs: number;
  private stopped = false;

  constructor(private readonly options: WatchedConsumerOptions) {
    this.patienceMs = this.patience;
    this.consume = {
      ...options.consume,
      handler: (delivery) => {
        this.takenAt = Date.now();
        this.patienceMs = this.patience;
        return options.consume.handler(delivery);
      },
    };
    this.watch = new Periodic('the consumer is not watched', this.patience / 4, () => this.look());
  }

  async start(): Promise<void> {
    this.consumer = await this.options.broker.consume(this.consume);
    this.watch.start();
  }

  wake(): void {
    this.consumer?.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.consumer) this.stops.push(this.consumer.stop());
    // one that is being rebuilt is stopped by that
    await this.watch.stop();
    await Promise.all(this.stops);
  }

  private get patience(): number {
    return Math.max(LEAST_PATIENCE_MS, this.options.leaseMs);
  }

  private async look(): Promise<void> {
    const { broker } = this.options;
    const queues = this.consume.queues();
    const now = Date.now();
    if (this.consume.slots.free === 0 || !broker.status.up || queues.length === 0) {
      this.takenAt = now;
      return;
    }
    if (now - this.takenAt < this.patienceMs) return;
    if (!(await this.options.overdue(queues, this.patienceMs))) {
      this.takenAt = now;
      return;
    }
    if (this.stopped) return;
    this.logger.warn(
      `nothing was taken for ${Math.round((now - this.takenAt) / 1000)} s although tasks wait and there is room: the consumer is rebuilt`,
    );
    // others may be slower to bring what is missing than a new consumer is to be made
    this.patienceMs = Math.min(LONGEST_PATIENCE_MS, this.patienceMs * 2);
    this.takenAt = now;
    const old = this.consumer;
    if (old) this.stops.push(old.stop());
    this.consumer = await broker.consume(this.consume);
    if (this.stopped) this.stops.push(this.consumer.stop());
  }
}
