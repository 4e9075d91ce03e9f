import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { isTransient } from '../store/database.js';
import type { TaskChannel } from '../store/task-channel.js';
import { newFence } from '../store/fence.js';
import type { TaskStore } from '../store/task-store.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import { Broker, type ConsumeOptions, type Consumer, type QueueCounts, type TaskMessage } from './broker.js';
import { ClaimPlan } from './claim-plan.js';
import { Slots } from './slots.js';
import { Waker } from '../waker.js';

/** A worker that hears of nothing looks this often, so a lost notification costs no more. */
const POLL_MS = 2000;
/** The most rows of one claim. */
const MAX_CLAIM = 500;

/** The table itself: taking and claiming are one statement, and there is nothing that could be lost. */
export class PostgresBroker extends Broker {
  readonly kind = 'postgres';
  readonly isTable = true;
  readonly isRemote = false;
  private readonly consumers = new Set<TableConsumer>();

  constructor(
    private readonly store: TaskStore,
    private readonly channel: TaskChannel,
  ) {
    super();
    channel.on('ready', (queues) => this.wake(queues));
    channel.on('reconnected', () => this.wake());
  }

  override async connect(): Promise<void> {}

  override async publish(messages: readonly TaskMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const queues = new Set<string>();
    for (const message of messages) queues.add(message.queue);
    this.wake(queues);
    this.channel.ready(queues);
  }

  override async consume(options: ConsumeOptions): Promise<Consumer> {
    const consumer = new TableConsumer(this.store, options, () => this.consumers.delete(consumer));
    this.consumers.add(consumer);
    return consumer;
  }

  /** The ready rows, counted up to 10,000. */
  override async counts(queue: string): Promise<QueueCounts> {
    return { waiting: await this.store.countReady(queue) };
  }

  /** There are no messages beside the rows, and rows are purged by the store. */
  override async purge(): Promise<number> {
    return 0;
  }

  override async epoch(): Promise<string> {
    return 'table';
  }

  override async describe(): Promise<string> {
    await this.store.ping();
    return 'the database';
  }

  override ping(): Promise<void> {
    return this.store.ping();
  }

  override async close(): Promise<void> {
    await Promise.all([...this.consumers].map((consumer) => consumer.stop()));
  }

  private wake(queues?: Iterable<string>): void {
    for (const consumer of this.consumers) consumer.wake(queues);
  }
}

/** Claims for one worker: as much as it has room for, one statement at a time. */
class TableConsumer implements Consumer {
  private readonly logger = new Logger('Tasks');
  private readonly plan = new ClaimPlan();
  private readonly waker = new Waker();
  /** Deliveries that are not settled: what runs, and results on their way, of which there may be as many again. */
  private readonly open: Slots;
  private stopped = false;
  private readonly loop: Promise<void>;

  constructor(
    private readonly store: TaskStore,
    private readonly options: ConsumeOptions,
    private readonly onStop: () => void,
  ) {
    this.open = new Slots(() => options.slots.size * 2);
    this.loop = this.run();
  }

  wake(queues?: Iterable<string>): void {
    if (queues) {
      const mine = this.options.queues();
      let concerns = false;
      for (const queue of queues) concerns ||= mine.includes(queue);
      if (!concerns) return;
    }
    const hesitation = this.options.hesitation?.() ?? 0;
    if (hesitation > 0) setTimeout(() => this.waker.wake(), hesitation).unref();
    else this.waker.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.onStop();
    this.waker.wake();
    await this.loop;
    await this.open.allFree();
  }

  private async run(): Promise<void> {
    let away = false;
    while (!this.stopped) {
      if (this.limit() === 0) await this.room();
      if (this.stopped) return;
      this.waker.reset();
      try {
        const limit = this.limit();
        const claimed = await this.claim(limit);
        if (away) this.logger.log('the database is back; taking tasks again');
        away = false;
        this.deliver(claimed);
        if (claimed.length === limit || this.plan.restart()) continue;
        await this.waker.sleep(POLL_MS);
      } catch (error) {
        if (!away) this.logger.warn(`cannot take tasks: ${(error as Error).message}`);
        away = true;
        await this.waker.sleep(isTransient(error) ? 200 : POLL_MS);
      }
    }
  }

  /** At most half of the slots at once, so that one half is claimed while the other one is settled. */
  private limit(): number {
    const { free, size } = this.options.slots;
    return Math.min(free, this.open.free, Math.ceil(size / 2), MAX_CLAIM);
  }

  private async claim(limit: number): Promise<ClaimedTask[]> {
    const fence = newFence();
    const workerId = this.options.workerId();
    try {
      const claimed = await this.store.claim(workerId, this.plan.places(this.options.queues()), limit, fence);
      this.plan.learn(claimed);
      return claimed;
    } catch (error) {
      // The answer may be lost and not the claim. What commits even later is found by the worker's own inventory.
      const found = isTransient(error) ? await this.store.claimedUnder(workerId, fence).catch(() => []) : [];
      if (found.length === 0) throw error;
      return found;
    }
  }

  private async room(): Promise<void> {
    await this.open.available();
    await this.options.slots.available();
    // a whole batch of tasks ends at once: all of its slots are free after this turn
    await nextTurn();
  }

  /** Takes the slots now and runs the handlers in the next turn: until then the next claim is on its way. */
  private deliver(claimed: readonly ClaimedTask[]): void {
    for (let i = 0; i < claimed.length; i++) {
      this.options.slots.take();
      this.open.take();
    }
    setImmediate(() => {
      for (const task of claimed) this.hand(task);
    });
  }

  private hand(task: ClaimedTask): void {
    // a handler that rejects could not settle: the lease or the worker's inventory gives the row out anew
    this.options
      .handler({ message: task, claimed: task })
      .catch((error: unknown) =>
        this.logger.error(`task ${task.id} was not settled: ${(error as Error).message}`),
      )
      .finally(() => this.open.release());
  }
}
