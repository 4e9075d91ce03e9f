import { Logger } from '@nestjs/common';
import type { TaskEventBus } from '../events/event-bus.js';
import type { Scheduler } from '../schedule/scheduler.js';
import type { GateStore } from '../store/gate-store.js';
import type { RetentionStore } from '../store/retention-store.js';
import type { TaskChannel } from '../store/task-channel.js';
import type { TaskStore } from '../store/task-store.js';
import type { UniqueStore } from '../store/unique-store.js';
import type { WorkflowStore } from '../store/workflow-store.js';
import { Admitter } from './admitter.js';
import type { Dependents } from './dependents.js';
import { Periodic } from './periodic.js';
import type { Relay } from './relay.js';
import { Retention } from './retention/retention.js';
import type { ResolvedRetention } from './retention/retention-options.js';
import { rescueLost } from './rescue-lost.js';

const CHUNK = 500;
const EVER_MS = 1e12;
const DUE_POLL_MS = 5000;
/** An expiry that was not known of shows this late at most; no claim takes what has expired. */
const EXPIRY_POLL_MS = 2000;
/** After a round: what is locked by others is looked at again. */
const EXPIRY_MS = 1000;
/** Who ends such a task releases what waits for it: this finds what a crash has left. */
const RELEASE_MS = 5000;

export interface MaintenanceOptions {
  readonly store: TaskStore;
  readonly gates: GateStore;
  readonly unique: UniqueStore;
  readonly relay: Relay;
  readonly channel: TaskChannel;
  readonly events: TaskEventBus;
  readonly workflows: WorkflowStore;
  readonly dependents: Dependents;
  readonly scheduler: Scheduler;
  readonly retention: RetentionStore;
  readonly keep: ResolvedRetention;
  readonly leaseMs: number;
  readonly beatMs: number;
  readonly maxCrashes: number;
  workerId(): string;
}

/**
 * What must happen while tasks wait: due tasks become ready, expired ones end, tasks of dead workers are given out
 * anew, schedules make tasks, and what is over is removed. Every worker does it; rows that another one works on are skipped.
 */
export class Maintenance {
  private readonly logger = new Logger('Tasks');
  private readonly due: Periodic;
  private readonly admitter: Admitter;
  private readonly retention: Retention;
  private readonly all: Periodic[];
  private hasRescued = false;
  private stopped = false;
  private readonly onDue = () => this.due.wake();

  constructor(private readonly options: MaintenanceOptions) {
    this.admitter = new Admitter(options.gates, options.relay, options.channel);
    this.retention = new Retention(options, options.keep);
    this.due = new Periodic('due tasks wait', DUE_POLL_MS, () => this.promote());
    this.all = [
      this.due,
      new Periodic('expired tasks wait', EXPIRY_POLL_MS, () => this.expire()),
      new Periodic('dead workers are not looked for', options.beatMs, () => this.rescue()),
      new Periodic('what waits for tasks with many dependents is not released', RELEASE_MS, () =>
        options.dependents.release(),
      ),
    ];
  }

  /** @param beat whether schedules make their tasks here, too */
  start({ beat }: { beat: boolean }): void {
    this.options.channel.on('due', this.onDue);
    for (const periodic of this.all) periodic.start();
    this.admitter.start();
    if (beat) this.options.scheduler.start();
    this.retention.start();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.options.channel.off('due', this.onDue);
    await Promise.all([
      this.admitter.stop(),
      this.options.scheduler.stop(),
      this.retention.stop(),
      ...this.all.map((periodic) => periodic.stop()),
    ]);
  }

  /** A task that limits hold for has started, or ended: another one may run. */
  makeRoom(): void {
    this.admitter.wake();
  }

  /** @returns how long until the next task is due */
  private async promote(): Promise<number> {
    const { store, relay } = this.options;
    let next = await store.nextDue();
    while (next !== null && next <= 0 && !this.stopped) {
      const batch = await store.promoteDue(CHUNK);
      const ready = batch.tasks.filter((task) => task.ready);
      relay.send({ ...batch, tasks: ready });
      if (ready.length < batch.tasks.length) this.admitter.wake();
      next = await store.nextDue();
      // another process is at it
      if (batch.tasks.length === 0) break;
    }
    return next === null ? DUE_POLL_MS : Math.min(DUE_POLL_MS, Math.max(1, next));
  }

  /** @returns how long until something expires */
  private async expire(): Promise<number> {
    const { store, channel, events, dependents } = this.options;
    const next = await store.nextExpiry();
    if (next === null || next > 0) return Math.min(EXPIRY_POLL_MS, next ?? EXPIRY_POLL_MS);
    while (!this.stopped) {
      const { rows: expired, cascade } = await store.expire(CHUNK);
      dependents.follow(cascade);
      channel.changed(expired.map((task) => task.id));
      for (const task of expired) events.emit('revoked', () => ({ ...task, reason: 'expired' }));
      if (expired.length < CHUNK) break;
    }
    return EXPIRY_MS;
  }

  private async rescue(): Promise<void> {
    const { store, leaseMs } = this.options;
    for (const { name } of await store.bury(this.options.workerId(), leaseMs))
      this.logger.warn(`worker ${name} is past its lease: its tasks are given to others`);
    // nobody may have been there for long: the first time all that were ever buried are looked at
    await rescueLost(this.hasRescued ? this.options : { ...this.options, withinMs: EVER_MS });
    this.hasRescued = true;
  }
}
