import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Consumer, Delivery } from '../brokers/broker.js';
import { Slots } from '../brokers/slots.js';
import { Maintenance } from '../control/maintenance.js';
import { Periodic } from '../control/periodic.js';
import { Resender } from '../control/resender.js';
import type { TaskRegistry } from '../definition/task-registry.js';
import type { TaskEventBus } from '../events/event-bus.js';
import { GATED } from '../store/columns.js';
import { retrying } from '../store/retrying.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import type { Storage } from '../store/storage.js';
import { Announcer } from './announcer.js';
import { Claimer } from './claimer.js';
import { Heartbeat } from './heartbeat.js';
import { Inventory } from './inventory.js';
import { stopped } from './outcome.js';
import type { TaskPipeline } from './pipeline.js';
import { ProgressWriter } from './progress-writer.js';
import { TaskRunner } from './runner.js';
import { RunningTask } from './running-task.js';
import { Settler } from './settler.js';
import type { WorkerOptions, WorkerSettings } from './worker.options.js';

/** Handlers that do not react to their signal get this long after it before their tasks are given back. */
const ABORT_GRACE_MS = 1000;
const QUEUES_POLL_MS = 2000;
/** A worker that was given a task it does not have lets others go first for a while. */
const HESITATE_FOR_MS = 60_000;
const HESITATION_MS = 50;

/** Takes tasks, runs them, writes what became of them. */
export class Worker {
  private readonly logger = new Logger('Tasks');
  private readonly running = new Map<string, RunningTask>();
  private readonly claimer: Claimer;
  private readonly settler: Settler;
  private readonly progress: ProgressWriter;
  private readonly runner: TaskRunner;
  private readonly heartbeat: Heartbeat;
  private readonly inventory: Inventory;
  private readonly announcer: Announcer;
  private id = uuidv7();
  private lastUnknown = 0;
  private inline = false;
  private takesAll = true;
  private slots = new Slots(0);
  /** The queues it was told to take from, or that its own tasks wait in. */
  private chosen: readonly string[] = [];
  private queues: readonly string[] = [];
  private consumer: Consumer | undefined;
  private maintenance: Maintenance | undefined;
  private resender: Resender | undefined;
  private periodics: Periodic[] = [];
  private queueScout: Periodic | undefined;
  private state: 'new' | 'running' | 'stopping' | 'stopped' = 'new';
  private stopped: Promise<void> | undefined;

  /** Shown in records and logs. */
  readonly name = `${hostname()}-${process.pid}`;

  constructor(
    private readonly storage: Storage,
    private readonly registry: TaskRegistry,
    pipeline: TaskPipeline,
    private readonly settings: WorkerSettings,
    private readonly events: TaskEventBus,
  ) {
    const { store, relay, channel, connection, tables } = storage;
    const beatMs = settings.leaseMs / 5;
    this.settler = new Settler(store, relay, channel, () => this.id);
    this.announcer = new Announcer(events, this.name, () => this.id);
    this.progress = new ProgressWriter(store, channel, (task) => this.drop(task));
    this.runner = new TaskRunner(registry, pipeline, settings.context.run);
    this.claimer = new Claimer(store, {
      workerId: () => this.id,
      takes: () => this.state === 'running',
    });
    this.heartbeat = new Heartbeat({
      connection: connection.direct,
      tables,
      leaseMs: settings.leaseMs,
      beatMs,
      onBuried: (id) => void this.reincarnate(id),
      onDeath: (error) => this.logger.error(`the lease is not kept any more: ${error.message}`),
    });
    this.inventory = new Inventory(
      store,
      this.running,
      () => this.id,
      (execution, outcome) => this.settler.settle(execution, outcome, null),
    );
  }

  /** Tasks that run now. */
  get active(): readonly RunningTask[] {
    return [...this.running.values()];
  }

  /** The queues it takes from now. */
  get listensTo(): readonly string[] {
    return this.queues;
  }

  get isRunning(): boolean {
    return this.state === 'running';
  }

  /** Whether it shares its process with the application. */
  get isInline(): boolean {
    return this.inline;
  }

  /** Begins to take tasks. Does nothing when it has begun already. */
  async start(options: WorkerOptions = {}): Promise<void> {
    if (this.state !== 'new') return;
    this.state = 'running';
    const { store, broker, relay, relayStore, channel } = this.storage;
    const { leaseMs, maxCrashes } = this.settings;
    this.inline = options.inline ?? false;
    this.takesAll = options.queues === undefined;
    this.slots = new Slots(options.concurrency ?? 10);
    this.chosen = options.queues ?? this.registry.queues();
    await store.knowQueues(this.chosen);
    await this.learnQueues();
    await this.register();
    await this.heartbeat.start(this.id);

    const beatMs = leaseMs / 5;
    this.periodics = [
      new Periodic('its inventory waits', beatMs, () => this.inventory.take()),
      new Periodic('it is silent', leaseMs / 3, async () => this.announcer.heartbeat(this.running.size)),
    ];
    this.queueScout = new Periodic('new and paused queues are not looked for', QUEUES_POLL_MS, () =>
      this.learnQueues(),
    );
    this.periodics.push(this.queueScout);
    channel.on('revoked', this.onRevoked);
    channel.on('queues', this.onQueues);
    this.maintenance = new Maintenance({
      ...this.storage,
      events: this.events,
      leaseMs,
      beatMs,
      maxCrashes,
      workerId: () => this.id,
    });
    this.maintenance.start();
    if (!broker.isTable) {
      this.resender = new Resender({
        store: relayStore,
        broker,
        relay,
        queues: () => this.queues,
        newestClaimed: (queue, priority) => this.claimer.newest(queue, priority),
      });
      this.resender.start();
    }
    for (const periodic of this.periodics) periodic.start();
    this.consumer = await broker.consume({
      queues: () => this.queues,
      slots: this.slots,
      workerId: () => this.id,
      hesitation: () => (Date.now() - this.lastUnknown < HESITATE_FOR_MS ? HESITATION_MS : 0),
      handler: (delivery) => this.handle(delivery),
    });
    this.announcer.online(this.queues, this.slots.size);
  }

  /**
   * Takes nothing more, lets what runs go on for `graceMs`, then aborts its signals, and gives back uncharged what is
   * still not done. May be called twice.
   * @param hurry aborted to end the grace early
   */
  stop(graceMs: number, hurry?: AbortSignal): Promise<void> {
    return (this.stopped ??= this.drain(graceMs, hurry));
  }

  private async drain(graceMs: number, hurry?: AbortSignal): Promise<void> {
    if (this.state === 'new') return void (this.state = 'stopped');
    this.state = 'stopping';
    this.announcer.stopping();
    const empty = this.consumer?.stop() ?? Promise.resolve();
    await Promise.race([
      empty,
      sleep(graceMs, undefined, { ref: false, ...(hurry && { signal: hurry }) }).catch(() => undefined),
    ]);
    for (const task of this.active) task.abort('shutdown', 'the worker is stopping');
    await Promise.race([empty, sleep(ABORT_GRACE_MS, undefined, { ref: false })]);
    await this.giveBack();

    this.storage.channel.off('revoked', this.onRevoked);
    this.storage.channel.off('queues', this.onQueues);
    await Promise.all([
      this.resender?.stop(),
      this.maintenance?.stop(),
      ...this.periodics.map((periodic) => periodic.stop()),
    ]);
    await this.settler.stop();
    await this.heartbeat.stop();
    await this.storage.store.leave(this.id).catch(() => undefined);
    this.state = 'stopped';
    this.announcer.offline();
  }

  /** The last act for handlers that do not stop: whatever they still do, the rows are somebody else's. */
  private async giveBack(): Promise<void> {
    const left = this.active;
    if (left.length === 0) return;
    this.logger.warn(
      `${left.length} tasks did not stop in time and are given back: ${left
        .map((task) => task.name)
        .slice(0, 5)
        .join(', ')}`,
    );
    const all = left.map((task) =>
      this.settler.settle(task.task, stopped(task.task), this.progress.take(task)).catch(() => undefined),
    );
    await Promise.race([Promise.all(all), sleep(5000, undefined, { ref: false })]);
  }

  private async handle({ message, claimed }: Delivery): Promise<void> {
    let task: ClaimedTask | undefined;
    try {
      task = claimed ?? (await this.claimer.claim(message));
    } finally {
      if (!task) this.slots.release();
    }
    // somebody else holds it, it has ended, or it was given out anew: the message has no meaning any more
    if (!task) return;
    const running = new RunningTask(task, this.noteProgress);
    this.running.set(task.id, running);
    this.announcer.started(running);
    if (task.flags & GATED) this.maintenance?.makeRoom();
    try {
      const outcome = await this.runner.run(running);
      if (outcome.kind === 'defer' && outcome.outcome === 'unknown') this.lastUnknown = Date.now();
      this.slots.release();
      this.announcer.ended(running);
      const settled = await this.settler.settle(task, outcome, this.progress.take(running));
      this.announcer.settled(running, outcome, settled);
      if (task.flags & GATED) this.maintenance?.makeRoom();
    } finally {
      if (this.running.get(task.id) === running) this.running.delete(task.id);
    }
  }

  private async register(): Promise<void> {
    const info = {
      host: hostname(),
      pid: process.pid,
      concurrency: this.slots.size,
      queues: this.queues,
      all: this.takesAll,
      node: process.version,
    };
    await this.storage.store.registerWorker(this.id, this.name, this.settings.leaseMs, info);
  }

  /** The lease was lost: what runs here may run elsewhere by now. Begins anew under a new id. */
  private async reincarnate(buried: string): Promise<void> {
    if (buried !== this.id || this.state !== 'running') return;
    this.logger.warn('this worker lost its lease: everything it ran is given to others, and it begins anew');
    for (const task of this.active) this.drop(task);
    this.id = uuidv7();
    await retrying({ until: Number.POSITIVE_INFINITY }, () => this.register());
    this.heartbeat.rename(this.id);
  }

  private drop(running: RunningTask): void {
    if (this.running.get(running.id) === running)
      running.abort('lease lost', 'this worker lost its lease on the task');
  }

  private readonly onRevoked = (ids: string[]): void => {
    for (const id of ids) this.running.get(id)?.abort('revoked', 'the task was revoked');
  };

  private readonly noteProgress = (running: RunningTask, progress: string): void =>
    this.progress.note(running, progress);

  private readonly onQueues = (): void => this.queueScout?.wake();

  /** The queues to take from: without those that are paused, and with new ones if it takes from all. */
  private async learnQueues(): Promise<void> {
    const known = await this.storage.store.knownQueues();
    const paused = new Set(known.filter((queue) => queue.paused).map((queue) => queue.name));
    const all = new Set(this.takesAll ? [...this.chosen, ...known.map((queue) => queue.name)] : this.chosen);
    const queues = [...all].filter((queue) => !paused.has(queue));
    const changed = queues.join() !== this.queues.join();
    this.queues = queues;
    if (changed) this.consumer?.wake();
  }
}
