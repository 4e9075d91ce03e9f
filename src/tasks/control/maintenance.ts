import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { TaskEventBus } from '../events/event-bus.js';
import type { GateStore } from '../store/gate-store.js';
import { ensurePartitions } from '../store/partitions.js';
import type { TaskChannel } from '../store/task-channel.js';
import type { TaskStore } from '../store/task-store.js';
import type { UniqueStore } from '../store/unique-store.js';
import { Admitter } from './admitter.js';
import { Periodic } from './periodic.js';
import type { Relay } from './relay.js';

const CHUNK = 500;
const DUE_POLL_MS = 5000;
const EXPIRY_MS = 1000;
const HOUSEKEEPING_MS = 3_600_000;

export interface MaintenanceOptions {
  readonly store: TaskStore;
  readonly gates: GateStore;
  readonly unique: UniqueStore;
  readonly relay: Relay;
  readonly channel: TaskChannel;
  readonly events: TaskEventBus;
  readonly dataSource: DataSource;
  readonly schema: string;
  readonly leaseMs: number;
  readonly beatMs: number;
  readonly maxCrashes: number;
  workerId(): string;
}

/**
 * What must happen while tasks wait: due tasks become ready, expired ones end, tasks of dead workers are given out
 * anew. Every worker does it; rows that another one works on are skipped.
 */
export class Maintenance {
  private readonly logger = new Logger('Tasks');
  private readonly due: Periodic;
  private readonly admitter: Admitter;
  private readonly all: Periodic[];
  private readonly onDue = () => this.due.wake();

  constructor(private readonly options: MaintenanceOptions) {
    this.admitter = new Admitter(options.gates, options.relay, options.channel);
    this.due = new Periodic('due tasks wait', DUE_POLL_MS, () => this.promote());
    this.all = [
      this.due,
      new Periodic('expired tasks wait', EXPIRY_MS, () => this.expire()),
      new Periodic('dead workers are not looked for', options.beatMs, () => this.rescue()),
      new Periodic('housekeeping waits', HOUSEKEEPING_MS, () => this.keepHouse()),
    ];
  }

  start(): void {
    this.options.channel.on('due', this.onDue);
    for (const periodic of this.all) periodic.start();
    this.admitter.start();
  }

  async stop(): Promise<void> {
    this.options.channel.off('due', this.onDue);
    await Promise.all([this.admitter.stop(), ...this.all.map((periodic) => periodic.stop())]);
  }

  /** A task that limits hold for has started, or ended: another one may run. */
  makeRoom(): void {
    this.admitter.wake();
  }

  /** @returns how long until the next task is due */
  private async promote(): Promise<number> {
    const { store, relay } = this.options;
    for (;;) {
      const batch = await store.promoteDue(CHUNK);
      const ready = batch.tasks.filter((task) => task.ready);
      relay.send({ ...batch, tasks: ready });
      if (ready.length < batch.tasks.length) this.admitter.wake();
      if (batch.tasks.length < CHUNK) break;
    }
    const next = await store.nextDue();
    return next === null ? DUE_POLL_MS : Math.min(DUE_POLL_MS, Math.max(1, next));
  }

  private async expire(): Promise<void> {
    const { store, channel, events } = this.options;
    for (;;) {
      const expired = await store.expire(CHUNK);
      channel.changed(expired.map((task) => task.id));
      for (const task of expired) events.emit('revoked', () => ({ ...task, reason: 'expired' }));
      if (expired.length < CHUNK) break;
    }
    while ((await store.removeExpired(CHUNK)) === CHUNK);
  }

  private async rescue(): Promise<void> {
    const { store, relay, channel, events, leaseMs, maxCrashes } = this.options;
    for (const { name } of await store.bury(this.options.workerId(), leaseMs))
      this.logger.warn(`worker ${name} is past its lease: its tasks are given to others`);
    for (;;) {
      const { tasks: rescued, outbox } = await store.rescue(CHUNK, maxCrashes);
      channel.changed(rescued.map((task) => task.id));
      for (const { id, name, queue } of rescued) events.emit('lost', () => ({ id, name, queue }));
      relay.send({ tasks: rescued.filter((task) => task.ready), outbox });
      // some of them are due a little later
      if (rescued.length > 0) channel.due(0);
      if (rescued.length < CHUNK) return;
    }
  }

  private async keepHouse(): Promise<void> {
    await ensurePartitions(this.options.dataSource, this.options.schema);
    await this.options.store.dropOldKeys(10_000);
    await this.options.gates.dropOld(10_000);
    await this.options.unique.dropOld(10_000);
  }
}
