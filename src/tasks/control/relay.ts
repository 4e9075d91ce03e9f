import type { Broker } from '../brokers/broker.js';
import { Batcher } from '../store/batcher.js';
import type { RelayStore } from '../store/relay-store.js';
import type { ReadyBatch } from '../store/ready-batch.js';
import { Periodic } from './periodic.js';

const POLL_MS = 500;
/** What is younger is most likely being published by who noted it. */
const TAKE_OVER_MS = 1000;
/** For how long what one process publishes is left alone by the others. */
const LEASE_MS = 5000;
/** Batches of one round. */
const ROUND = 20;
/** More messages than this on their way to a slow broker wait in the outbox instead of in memory. */
const MAX_IN_FLIGHT = 20_000;

/**
 * Tells the broker what is ready. Where the broker is another process, the statement that makes rows ready has noted
 * them in the outbox: a message that is not published, because of a crash or because the broker is away, is published
 * from there by any process that is alive.
 */
export class Relay {
  private inFlight = 0;
  private idle: (() => void)[] = [];
  private readonly published: Batcher<string, void>;
  private readonly poll: Periodic;
  private readonly onUp = () => this.poll.wake();

  constructor(
    private readonly store: RelayStore,
    private readonly broker: Broker,
  ) {
    this.published = new Batcher({
      what: 'published batches',
      lanes: 1,
      maxItems: 500,
      capacity: 10_000,
      execute: async (ids) => {
        await store.dropOutbox(ids);
        return ids.map(() => undefined);
      },
    });
    this.poll = new Periodic('what is ready waits for the broker', POLL_MS, () => this.publishNoted());
  }

  /** Begins to publish what others, or this process before, could not. */
  start(): void {
    if (!this.broker.isRemote) return;
    this.broker.on('up', this.onUp);
    this.poll.start();
  }

  /** Publishes what is on its way; the rest stays noted. */
  async stop(): Promise<void> {
    this.broker.off('up', this.onUp);
    await this.poll.stop();
    if (this.inFlight > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
    await this.published.drained();
  }

  /** Publishes soon; never throws. What is lost on the way is published from the outbox, or found by the sweep. */
  send({ tasks, outbox }: ReadyBatch): void {
    if (tasks.length === 0) return;
    if (this.broker.isRemote && (!this.broker.status.up || this.inFlight >= MAX_IN_FLIGHT)) return;
    this.inFlight += tasks.length;
    void this.publish({ tasks, outbox })
      .catch(() => undefined)
      .finally(() => {
        this.inFlight -= tasks.length;
        if (this.inFlight === 0) for (const resolve of this.idle.splice(0)) resolve();
      });
  }

  private async publish({ tasks, outbox }: ReadyBatch): Promise<void> {
    await this.broker.publish(tasks);
    await Promise.all(outbox.map((id) => this.published.add(id)));
  }

  private async publishNoted(): Promise<void> {
    while (this.broker.status.up) {
      const { tasks, outbox } = await this.store.takeOutbox(ROUND, TAKE_OVER_MS, LEASE_MS);
      if (outbox.length === 0) return;
      if (tasks.length > 0) await this.broker.publish(tasks);
      await this.store.dropOutbox(outbox);
    }
  }
}
