import { randomUUID } from 'node:crypto';
import { Slots } from './slots.js';
import { Broker, type ConsumeOptions, type Consumer, type QueueCounts, type TaskMessage } from './broker.js';

/** A ready task is remembered here and nowhere else; beyond this many the row alone waits, and is sent again later. */
const CAPACITY = 100_000;

/**
 * Carries messages within one process; the records stay in Postgres. For development and tests: a second process
 * hears of nothing. What a restart loses is sent again at boot, like with any broker.
 */
export class MemoryBroker extends Broker {
  readonly kind = 'memory';
  readonly isTable = false;
  readonly isRemote = false;
  private readonly queues = new Map<string, PriorityQueue>();
  private readonly consumers = new Set<MemoryConsumer>();
  private readonly born = randomUUID();

  override async connect(): Promise<void> {}

  override async publish(messages: readonly TaskMessage[]): Promise<void> {
    for (const message of messages) {
      let queue = this.queues.get(message.queue);
      if (!queue) this.queues.set(message.queue, (queue = new PriorityQueue()));
      if (queue.size < CAPACITY) queue.push(message);
    }
    for (const consumer of this.consumers) consumer.pump();
  }

  override async consume(options: ConsumeOptions): Promise<Consumer> {
    const consumer = new MemoryConsumer(this.queues, options, () => this.consumers.delete(consumer));
    this.consumers.add(consumer);
    consumer.pump();
    return consumer;
  }

  override async counts(queue: string): Promise<QueueCounts> {
    return { waiting: this.queues.get(queue)?.size ?? 0 };
  }

  override async purge(queue: string): Promise<number> {
    const size = this.queues.get(queue)?.size ?? 0;
    this.queues.delete(queue);
    return size;
  }

  override async epoch(): Promise<string> {
    return this.born;
  }

  override async describe(): Promise<string> {
    return 'the memory of this process';
  }

  override async ping(): Promise<void> {}

  override async close(): Promise<void> {
    await Promise.all([...this.consumers].map((consumer) => consumer.stop()));
    this.queues.clear();
  }
}

class MemoryConsumer implements Consumer {
  private readonly open: Slots;
  private stopped = false;
  private turn = 0;

  constructor(
    private readonly queues: Map<string, PriorityQueue>,
    private readonly options: ConsumeOptions,
    private readonly onStop: () => void,
  ) {
    this.open = new Slots(() => options.slots.size * 2);
  }

  wake(): void {
    this.pump();
  }

  /** Delivers while there are messages and free slots. */
  pump(): void {
    const { slots } = this.options;
    while (!this.stopped && slots.free > 0 && this.open.free > 0) {
      const message = this.next();
      if (!message) return;
      slots.take();
      this.open.take();
      this.options
        .handler({ message })
        .catch(() => this.queues.get(message.queue)?.push(message))
        .finally(() => {
          this.open.release();
          this.pump();
        });
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.onStop();
    await this.open.allFree();
  }

  /** Queues take turns, so that none starves. */
  private next(): TaskMessage | undefined {
    const names = this.options.queues();
    for (let i = 0; i < names.length; i++) {
      const queue = this.queues.get(names[(this.turn + i) % names.length]!);
      const message = queue?.shift();
      if (message) {
        this.turn = (this.turn + i + 1) % names.length;
        return message;
      }
    }
    return undefined;
  }
}

/** First in, first out within a priority; 9 first. */
class PriorityQueue {
  size = 0;
  private readonly lanes: Lane[] = Array.from({ length: 10 }, () => new Lane());

  push(message: TaskMessage): void {
    this.lanes[message.priority]!.push(message);
    this.size++;
  }

  shift(): TaskMessage | undefined {
    for (let priority = 9; priority >= 0; priority--) {
      const message = this.lanes[priority]!.shift();
      if (message) {
        this.size--;
        return message;
      }
    }
    return undefined;
  }
}

/** A queue whose shift does not move all that waits behind. */
class Lane {
  private items: (TaskMessage | undefined)[] = [];
  private head = 0;

  push(message: TaskMessage): void {
    this.items.push(message);
  }

  shift(): TaskMessage | undefined {
    const message = this.items[this.head];
    if (message === undefined) return undefined;
    this.items[this.head++] = undefined;
    if (this.head > 1000 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return message;
  }
}
