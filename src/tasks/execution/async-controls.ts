import { loadavg } from 'node:os';
import type { LogLevel } from '@nestjs/common';
import type { Slots } from '../brokers/slots.js';
import { LoopLag } from '../observability/metrics/loop-lag.js';
import type { Announcer } from './announcer.js';
import { Autoscaler, type AutoscaleBounds } from './autoscaler.js';
import { overrideLogLevel } from './log-level.js';
import type { RunningTask } from './running-task.js';
import {
  ControlRefusedError,
  type ActiveTask,
  type WorkerControls,
  type WorkerReport,
} from './worker-controls.js';
import type { WorkerQueues } from './worker-queues.js';

export interface ControlledWorker {
  readonly id: string;
  readonly name: string;
  readonly isInline: boolean;
  readonly active: readonly RunningTask[];
  /** How many tasks it could take now if it had room, counted up to `atMost`. */
  backlog(atMost: number): Promise<number>;
  /** Its consumer looks for work anew. */
  wake(): void;
}

/** Controls of a worker that runs everything in its own process. */
export class AsyncControls implements WorkerControls {
  private scaler: Autoscaler | undefined;
  private readonly lag = new LoopLag();

  constructor(
    private readonly worker: ControlledWorker,
    private readonly slots: Slots,
    private readonly queues: WorkerQueues,
    private readonly announcer: Pick<Announcer, 'processed' | 'failures'>,
  ) {}

  /** Begins to look at the event loop. */
  start(): void {
    this.lag.start();
  }

  get id(): string {
    return this.worker.id;
  }

  get name(): string {
    return this.worker.name;
  }

  report(): WorkerReport {
    return {
      pool: 'async',
      slots: this.slots.size,
      running: this.worker.active.length,
      processed: this.announcer.processed,
      failures: this.announcer.failures,
      queues: this.queues.names,
      all: this.queues.all,
      cancelled: this.queues.excluded,
      paused: this.queues.isResting,
      load: loadavg()[0]!,
      memory: process.memoryUsage.rss(),
      eventLoopLagMs: Math.round(this.lag.take()),
    };
  }

  active(): ActiveTask[] {
    const now = Date.now();
    return this.worker.active.map(({ id, name, queue, attempt, startedAt, aborted }) => ({
      id,
      name,
      queue,
      attempt,
      startedAt: new Date(startedAt).toISOString(),
      runtimeMs: now - startedAt,
      ending: aborted !== undefined,
      pid: process.pid,
    }));
  }

  /** It takes a task only when it runs it. */
  reserved(): ActiveTask[] {
    return [];
  }

  async addQueue(queue: string): Promise<void> {
    await this.queues.add(queue);
  }

  async cancelQueue(queue: string): Promise<void> {
    this.queues.cancel(queue);
  }

  resize(by: number): number {
    const size = this.slots.size + by;
    if (size < 1)
      throw new ControlRefusedError(
        `it runs ${this.slots.size} at once: no more than ${this.slots.size - 1} can go`,
      );
    this.slots.resize(size);
    this.worker.wake();
    return size;
  }

  /** How many tasks it runs at once. @param idleMs how long that must have been too many before one goes */
  autoscale(bounds: AutoscaleBounds, idleMs?: number): void {
    void this.scaler?.stop();
    const { worker, slots } = this;
    this.scaler = new Autoscaler(
      {
        size: () => slots.size,
        busy: () => worker.active.length,
        backlog: (atMost) => worker.backlog(atMost),
        resize: (size) => this.resize(size - slots.size),
      },
      bounds,
      idleMs,
    ).start();
  }

  restartPool(): void {
    throw new ControlRefusedError('the async pool has no processes to restart: start it with --pool prefork');
  }

  pause(): void {
    this.queues.rest(true);
  }

  resume(): void {
    this.queues.rest(false);
  }

  logLevel(level: LogLevel): void {
    overrideLogLevel(level);
  }

  shutdown(): void {
    if (this.worker.isInline)
      throw new ControlRefusedError('it shares its process with the application, and ends with it');
    // as a signal would, on every platform
    process.emit('SIGTERM', 'SIGTERM');
  }

  stop(): void {
    void this.scaler?.stop();
    this.lag.stop();
  }
}
