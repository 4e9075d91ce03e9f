import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { RedisQueueBackend, MinimalJob } from 'bullmq';
import type { Broker, ConsumeOptions, Consumer } from '../broker.js';
import { MAX_JOBS, type BatchScripts } from './batch-scripts.js';
import { MarkerWatch } from './marker-watch.js';
import { createReader, type QueueReader } from './queue-reader.js';
import type { RedisClient } from './redis-clients.js';
import { readJobId } from './redis-message.js';

/** After an error that the connection itself did not show. */
const REST_MS = 500;
/** Jobs that are none of ours are kept for a look. */
const QUARANTINE = { count: 1000 };

export interface RedisConsumerSettings {
  readonly broker: Broker;
  readonly prefix: string;
  queue(name: string): RedisQueueBackend;
  readonly scripts: BatchScripts;
  readonly commands: RedisClient;
  /** Its own: it is blocked most of the time. */
  readonly blocking: RedisClient;
  readonly leaseMs: number;
  onStop(): void;
}

/**
 * Takes jobs as there is room for: never more are in hand than the worker has slots and results on their way to the
 * database. Who acknowledges a job asks for the next one in the same round trip.
 */
export class RedisConsumer implements Consumer {
  private readonly logger = new Logger('Tasks');
  private readonly token = randomUUID();
  private readonly readers = new Map<string, QueueReader>();
  private readonly markers: MarkerWatch;
  private awaitingSlot = false;
  private open = 0;
  private asking = 0;
  private acknowledging = 0;
  private turn = 0;
  private resting = false;
  private stopped = false;
  private quarantined = 0;
  private idle: (() => void)[] = [];
  private timers: NodeJS.Timeout[] = [];
  private readonly onUp = () => this.lookAgain();

  constructor(
    private readonly settings: RedisConsumerSettings,
    private readonly options: ConsumeOptions,
  ) {
    const { prefix, commands, blocking } = settings;
    this.markers = new MarkerWatch({
      prefix,
      commands,
      blocking,
      hasRoom: () => this.room() > 0,
      hesitation: () => options.hesitation?.() ?? 0,
      onHeard: () => this.pump(),
      onError: (error) => this.failed(error),
    });
  }

  start(): void {
    const { broker, leaseMs } = this.settings;
    broker.on('up', this.onUp);
    this.timers = [
      setInterval(() => void this.extendLocks(), leaseMs / 3),
      setInterval(() => void this.takeBackStalled(), leaseMs),
    ];
    this.wake();
  }

  wake(): void {
    const wanted = new Set(this.options.queues());
    for (const reader of this.readers.values()) {
      reader.wanted = wanted.has(reader.name);
      if (!reader.wanted && reader.open.size + reader.asking === 0) this.readers.delete(reader.name);
    }
    for (const name of wanted)
      if (!this.readers.has(name)) this.readers.set(name, createReader(name, this.settings.queue(name)));
    this.pump();
  }

  async stop(): Promise<void> {
    if (!this.stopped) {
      this.stopped = true;
      this.settings.onStop();
      this.settings.broker.off('up', this.onUp);
      this.markers.stop();
    }
    while (this.open + this.asking + this.acknowledging > 0)
      await new Promise<void>((resolve) => this.idle.push(resolve));
    for (const timer of this.timers) clearInterval(timer);
  }

  private get canAsk(): boolean {
    return !this.stopped && !this.resting && this.settings.broker.status.up;
  }

  /** For how many jobs there is room: a slot each, and results on their way may be as many again. */
  private room(): number {
    const { slots } = this.options;
    return Math.min(slots.free - this.asking, slots.size * 2 - this.open - this.asking);
  }

  /** Asks for jobs while there is room and a queue may have some; waits to be told of the others. */
  private pump(): void {
    if (!this.canAsk) return;
    for (let room = this.room(); room > 0; room = this.room()) {
      const reader = this.nextReader();
      if (!reader) break;
      void this.ask(reader, Math.min(room, MAX_JOBS));
    }
    this.awaitSlot();
    this.markers.watch([...this.readers.values()].filter((reader) => reader.wanted && reader.empty));
  }

  private awaitSlot(): void {
    const { slots } = this.options;
    if (slots.free > 0 || this.awaitingSlot) return;
    this.awaitingSlot = true;
    const pump = () => {
      this.awaitingSlot = false;
      this.pump();
    };
    void slots.available().then(pump);
  }

  /** Queues take turns. */
  private nextReader(): QueueReader | undefined {
    const ready = this.busyReaders().filter((reader) => reader.asking === 0);
    return ready[this.turn++ % ready.length];
  }

  private busyReaders(): QueueReader[] {
    return [...this.readers.values()].filter((reader) => reader.wanted && !reader.empty);
  }

  private async ask(reader: QueueReader, count: number): Promise<void> {
    await this.taking(reader, count, () => this.settings.scripts.take(reader.backend, this.token, count));
  }

  /** @param request answers with the ids of jobs that are now in hand; with fewer than `count` there are no more */
  private async taking(reader: QueueReader, count: number, request: () => Promise<string[]>): Promise<void> {
    this.asking += count;
    reader.asking += count;
    let taken: string[] = [];
    try {
      taken = await request();
      if (taken.length < count) reader.empty = true;
    } catch (error) {
      this.failed(error);
    }
    this.asking -= count;
    reader.asking -= count;
    for (const jobId of taken) this.received(reader, jobId);
    this.pump();
    this.checkIdle();
  }

  private received(reader: QueueReader, jobId: string): void {
    this.open++;
    reader.open.set(jobId, Date.now());
    const known = readJobId(jobId);
    if (!known) return void this.quarantine(reader, jobId);
    if (this.stopped) return void this.giveBack(reader, jobId);
    this.options.slots.take();
    this.options
      .handler({ message: known })
      .then(() => this.acknowledge(reader, jobId))
      .catch(() => this.giveBack(reader, jobId));
  }

  /** For another worker; where that fails too, its lock runs out. */
  private async giveBack(reader: QueueReader, jobId: string): Promise<void> {
    await reader.backend.moveJobFromActiveToWait(jobId, this.token).catch(() => undefined);
    this.close(reader, jobId);
  }

  /** What ends in one turn is acknowledged together, and as many others are taken. */
  private acknowledge(reader: QueueReader, jobId: string): void {
    if (reader.done.push(jobId) === 1) setImmediate(() => void this.finish(reader));
  }

  private async finish(reader: QueueReader): Promise<void> {
    const jobIds = reader.done;
    reader.done = [];
    // out of hand only now: who asks for jobs meanwhile would take the room that these leave
    for (const jobId of jobIds) reader.open.delete(jobId);
    this.open -= jobIds.length;
    this.acknowledging += jobIds.length;
    const next = this.wanted(reader, jobIds.length);
    const { scripts } = this.settings;
    await this.taking(reader, next, () => scripts.finish(reader.backend, this.token, jobIds, next));
    this.acknowledging -= jobIds.length;
    this.checkIdle();
  }

  /** How many jobs to take for those that are acknowledged. With several queues that have work, each has its share. */
  private wanted(reader: QueueReader, ended: number): number {
    if (!this.canAsk || !reader.wanted || reader.empty) return 0;
    const busy = this.busyReaders().length;
    const share = Math.ceil((this.options.slots.size * 2) / busy) - reader.open.size - reader.asking;
    return Math.max(0, Math.min(ended, this.room(), share));
  }

  private close(reader: QueueReader, jobId: string): void {
    if (reader.open.delete(jobId)) this.open--;
    this.pump();
    this.checkIdle();
  }

  private async quarantine(reader: QueueReader, jobId: string): Promise<void> {
    if (this.quarantined++ === 0)
      this.logger.warn(
        `the queue ${reader.name} in Redis holds a job that is none of ours: it, and others like it, are kept among the failed jobs`,
      );
    await reader.backend
      .moveToFailed(jobOf(jobId), 'not a message of Celeriac', QUARANTINE, this.token, false)
      .catch((error: unknown) => this.failed(error));
    this.close(reader, jobId);
  }

  /** Says nothing: the broker does, when the connection is at fault. */
  private failed(error: unknown): void {
    if (this.stopped || this.resting) return;
    if (this.settings.broker.status.up) this.logger.debug(`taking jobs: ${(error as Error).message}`);
    this.resting = true;
    setTimeout(() => {
      this.resting = false;
      this.lookAgain();
    }, REST_MS).unref();
  }

  private lookAgain(): void {
    for (const reader of this.readers.values()) reader.empty = false;
    this.pump();
  }

  /** Only of jobs that have been in hand for a while. */
  private async extendLocks(): Promise<void> {
    const { leaseMs } = this.settings;
    const before = Date.now() - leaseMs / 6;
    for (const { backend, open } of this.readers.values()) {
      const ids = [...open].filter(([, since]) => since < before).map(([id]) => id);
      const tokens = ids.map(() => this.token);
      if (ids.length > 0) await backend.extendLocks(ids, tokens, leaseMs).catch(() => undefined);
    }
  }

  /** Jobs of workers that died: their claims are refused where the row is somebody's, and win where it is nobody's. */
  private async takeBackStalled(): Promise<void> {
    if (!this.canAsk) return;
    for (const reader of this.readers.values()) {
      const moved = await reader.backend.moveStalledJobsToWait().catch(() => []);
      if (moved.length > 0) reader.empty = false;
    }
    this.pump();
  }

  private checkIdle(): void {
    if (this.open + this.asking + this.acknowledging === 0)
      for (const resolve of this.idle.splice(0)) resolve();
  }
}

/** As much of a job as its end needs. */
function jobOf(id: string): MinimalJob {
  return { id, opts: { attempts: 1 } } as MinimalJob;
}
