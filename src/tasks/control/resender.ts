import type { Broker } from '../brokers/broker.js';
import type { RelayStore } from '../store/relay-store.js';
import { Periodic } from './periodic.js';
import type { Relay } from './relay.js';

/** The row of the table `broker` that stands for the one in use; another kind of broker is another epoch. */
const BROKER = 'current';
const CHUNK = 500;
const EPOCH_MS = 5000;
/** A row that was passed over for this long was lost; what merely waits is not sent again. */
const OVERDUE_MS = 30_000;
/** Of a queue that is resumed, this many of the oldest are sent again: workers may have let go of them. */
const HEAD = 1000;
const PRIORITIES = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0] as const;

export interface ResenderOptions {
  readonly store: RelayStore;
  readonly broker: Broker;
  readonly relay: Relay;
  queues(): readonly string[];
  /** Up to where (`ready_at`) this worker has claimed in a queue and priority; undefined when it has claimed nothing. */
  newestClaimed(queue: string, priority: number): string | undefined;
  /** How long a ready row may be passed over. Default 30 s. */
  readonly overdueMs?: number | undefined;
}

/**
 * Sends again what a broker has lost. All of it, when the broker's epoch shows that its memory is not the one it was;
 * a part of it by order: brokers are first in, first out within a queue and priority, so a row that became ready well
 * before the newest one claimed was passed over, and with an empty broker every row that waits was.
 */
export class Resender {
  private readonly periodics: readonly Periodic[];
  private readonly onUp = () => this.periodics[0]?.wake();
  /** A broker in this process is empty when the process starts. */
  private hasBegun = false;

  constructor(private readonly options: ResenderOptions) {
    const { overdueMs = OVERDUE_MS } = options;
    this.periodics = [
      new Periodic('the broker is not asked for its epoch', EPOCH_MS, () => this.checkEpoch()),
      new Periodic('lost messages wait', overdueMs / 6, () => this.sweep(overdueMs)),
    ];
  }

  start(): void {
    this.options.broker.on('up', this.onUp);
    for (const periodic of this.periodics) periodic.start();
  }

  async stop(): Promise<void> {
    this.options.broker.off('up', this.onUp);
    await Promise.all(this.periodics.map((periodic) => periodic.stop()));
  }

  private async checkEpoch(): Promise<void> {
    const { store, broker } = this.options;
    if (!broker.status.up) return;
    if (!broker.isRemote) {
      if (!this.hasBegun) await this.sendAll();
      this.hasBegun = true;
      return;
    }
    const known = await store.knownEpoch(BROKER);
    const ours = known?.startsWith(`${broker.kind}:`) ? known.slice(broker.kind.length + 1) : undefined;
    const epoch = `${broker.kind}:${await broker.epoch(ours)}`;
    if (epoch !== known) await store.noteEpoch(BROKER, epoch, known);
    await this.sendNext();
  }

  /** Also goes on where another process has stopped. */
  private async sendNext(): Promise<void> {
    for (;;) {
      const batch = await this.options.store.resendNext(BROKER, CHUNK);
      if (batch.tasks.length === 0) return;
      this.options.relay.send(batch);
    }
  }

  private async sendAll(): Promise<void> {
    const { store } = this.options;
    // what is sent again becomes newer than this, and is not found a second time
    const since = await store.now();
    for (const queue of this.options.queues())
      for (const priority of PRIORITIES) await this.resend({ queue, priority }, { since, ms: 0 });
  }

  private async sweep(ms: number): Promise<void> {
    const { store, broker } = this.options;
    if (!broker.status.up) return;
    const empty = new Map<string, boolean>();
    for (const place of await store.overdue(this.options.queues(), ms)) {
      let isEmpty = empty.get(place.queue);
      if (isEmpty === undefined)
        empty.set(place.queue, (isEmpty = (await broker.counts(place.queue)).waiting === 0));
      const since = isEmpty ? undefined : this.options.newestClaimed(place.queue, place.priority);
      if (isEmpty || since !== undefined) await this.resend(place, { since, ms });
    }
  }

  private async resend(
    place: { queue: string; priority: number },
    older: { since?: string | undefined; ms: number },
  ): Promise<void> {
    for (;;) {
      const batch = await this.options.store.resendReady(place, older, CHUNK);
      this.options.relay.send(batch);
      if (batch.tasks.length < CHUNK) return;
    }
  }
}

/** Sends the oldest rows of a queue again, which workers may have let go of while it was paused. */
export async function resendHead(store: RelayStore, relay: Relay, queue: string): Promise<void> {
  for (const priority of PRIORITIES)
    relay.send(await store.resendReady({ queue, priority }, { ms: 0 }, HEAD));
}
