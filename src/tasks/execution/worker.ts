import { Slots } from '../brokers/slots.js';
import type { Dependents } from '../control/dependents.js';
import type { TimeLimits } from '../definition/task-overrides.js';
import { registeredIn } from '../definition/registered-tasks.js';
import type { TaskRegistry } from '../definition/task-registry.js';
import type { TaskEventBus } from '../events/event-bus.js';
import type { Scheduler } from '../schedule/scheduler.js';
import type { Storage } from '../store/storage.js';
import type { Producer } from '../submission/producer.js';
import type { Tracing } from '../observability/tracing/tracing.js';
import { Announcer } from './announcer.js';
import { AsyncControls } from './async-controls.js';
import { Attempts } from './attempts.js';
import { Claimer } from './claimer.js';
import { Growth } from './growth.js';
import { Inputs } from './inputs.js';
import { LoopWatch } from './health/loop-watch.js';
import { WatchedConsumer } from './health/watched-consumer.js';
import { giveBack, giveBackLate, pause } from './give-back.js';
import { Inventory } from './inventory.js';
import { LogWriter } from './log-writer.js';
import type { TaskPipeline } from './pipeline.js';
import type { StoreAddress } from './pools/child-messages.js';
import { addressOf } from './pools/store-address.js';
import { IsolatedTasks } from './pools/isolated-tasks.js';
import { ProgressWriter } from './progress-writer.js';
import { TaskRunner } from './runner.js';
import type { RunningTask, SignalReader } from './running-task.js';
import { Settler } from './settler.js';
import { signalReader } from './signals.js';
import { WorkerDuties } from './worker-duties.js';
import { WorkerIdentity } from './worker-identity.js';
import { describeWorker, type WorkerInfo } from './worker-info.js';
import {
  describeSettings,
  type ChildOptions,
  type WorkerOptions,
  type WorkerSettings,
} from './worker.options.js';
import { workerName } from './worker-name.js';
import { WorkerQueues } from './worker-queues.js';

/** Handlers that do not react to their signal get this long after it before their tasks are given back. */
const ABORT_GRACE_MS = 1000;
/** Takes tasks, runs them, writes what became of them. */
export class Worker {
  private readonly attempts: Attempts;
  private readonly identity: WorkerIdentity;
  private readonly settler: Settler;
  private readonly progress: ProgressWriter;
  private readonly logs: LogWriter;
  private readonly inputs: Inputs;
  private readonly signals: SignalReader;
  private readonly isolates: IsolatedTasks;
  private readonly loop: LoopWatch;
  private readonly announcer: Announcer;
  private readonly slots = new Slots(0);
  private readonly queues: WorkerQueues;
  private readonly duties: WorkerDuties;
  private readonly consumer: WatchedConsumer;
  /** What it can be told and asked. */
  readonly controls: AsyncControls;
  private inline = false;
  private child: ChildOptions | undefined;
  private exhausted = false;
  private state: 'new' | 'running' | 'stopping' | 'stopped' = 'new';
  private started: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;

  constructor(
    private readonly storage: Storage,
    private readonly registry: TaskRegistry,
    private readonly pipeline: TaskPipeline,
    private readonly settings: WorkerSettings,
    events: TaskEventBus,
    producer: Producer,
    dependents: Dependents,
    scheduler: Scheduler,
    private readonly tracing?: Tracing,
  ) {
    const { store, relay, channel, broker, relayStore, workflows } = storage;
    const { leaseMs, maxCrashes, retention } = settings;
    const workerId = () => this.id;
    this.loop = new LoopWatch(() => this.active.map((task) => task.name));
    this.identity = new WorkerIdentity({
      ...storage,
      leaseMs,
      loop: this.loop.state.buffer,
      describe: () => this.describe(),
      report: () => this.controls.report(),
      onLost: () => this.active.forEach((task) => this.attempts.drop(task)),
      onRenewed: (id) => this.child?.onIdentity(id),
    });
    const growth = new Growth({ workflows, producer, dependents, relay, channel });
    const takes = () => ({ queues: this.listensTo, names: registry.names });
    this.settler = new Settler(store, relay, channel, workerId, dependents, growth, takes);
    this.inputs = new Inputs(workflows);
    this.signals = signalReader(workflows);
    this.announcer = new Announcer(events, () => this.name, workerId);
    this.progress = new ProgressWriter(store, channel, (task) => this.attempts.drop(task));
    this.logs = new LogWriter(storage.logs, channel);
    this.isolates = new IsolatedTasks(registry, settings);
    const runner = new TaskRunner(registry, pipeline, this.inputs, {
      around: settings.context.run,
      overrides: settings.taskDefaults.overrides,
      isolated: () => this.isolates.pool,
      overseer: this.loop,
      tracing,
    });
    const claimer = new Claimer(store, { workerId, takes: () => this.state === 'running' });
    this.attempts = new Attempts({
      slots: this.slots,
      claimer,
      runner,
      settler: this.settler,
      progress: this.progress,
      announcer: this.announcer,
      signals: this.signals,
      makeLogger: this.makeLogger,
      takes: () => this.state === 'running' && !this.exhausted,
      onBegun: (count) => {
        if (this.child && count === this.child.maxTasks) this.exhaust(this.child);
      },
      makeRoom: () => this.duties.makeRoom(),
    });
    this.queues = new WorkerQueues(store, () => this.wake());
    this.controls = new AsyncControls(this, this.slots, this.queues, this.announcer);
    this.duties = new WorkerDuties({
      storage,
      events,
      dependents,
      scheduler,
      leaseMs,
      maxCrashes,
      keep: retention,
      workerId,
      queues: this.queues,
      claimer,
      announcer: this.announcer,
      controls: this.controls,
      tasks: () => registeredIn(registry),
      conf: () => describeSettings(settings),
      onControlled: () => this.identity.report(),
      inventory: new Inventory(store, this.attempts.running, workerId, (execution, outcome) =>
        this.settler.settle(execution, outcome, null),
      ),
      running: () => this.attempts.running.size,
      onRevoked: (ids) => this.attempts.revoke(ids),
    });
    this.consumer = new WatchedConsumer({
      broker,
      leaseMs,
      overdue: async (queues, ms) => (await relayStore.overdue(queues, ms)).length > 0,
      consume: {
        queues: () => this.queues.open,
        slots: this.slots,
        workerId,
        hesitation: () => this.attempts.hesitation,
        handler: (delivery) => this.attempts.handle(delivery),
      },
    });
  }

  /** Shown in records and logs. */
  get name(): string {
    return this.identity.name;
  }

  /** Of the row that it has in the database; another one after it lost its lease. */
  get id(): string {
    return this.identity.id;
  }

  /** Tasks that run now. */
  get active(): readonly RunningTask[] {
    return this.attempts.active;
  }

  /** The queues it takes from now. */
  get listensTo(): readonly string[] {
    return this.queues.open;
  }

  /** The queues it was told to take from, or that its own tasks wait in. */
  get chosenQueues(): readonly string[] {
    return this.queues.chosenNames;
  }

  /** Its slots, while it takes tasks. */
  get load(): { all: number; busy: number } | undefined {
    return this.isRunning ? { all: this.slots.size, busy: this.attempts.running.size } : undefined;
  }

  get isRunning(): boolean {
    return this.state === 'running';
  }

  /** Whether it shares its process with the application. */
  get isInline(): boolean {
    return this.inline;
  }

  /** Why it should be started anew, for people; undefined when it is well. */
  get illness(): string | undefined {
    return this.identity.isKept ? undefined : 'its lease is not kept any more';
  }

  /** Why it takes no tasks now, for people. */
  get unready(): string | undefined {
    const { broker } = this.storage;
    if (this.state !== 'running') return 'it takes no tasks';
    if (Date.now() - (this.identity.heardAt ?? 0) > this.settings.leaseMs)
      return 'the database has not heard of it for a lease';
    return broker.status.up ? undefined : `the broker is away: ${broker.status.reason}`;
  }

  /** Begins to take tasks. Does nothing when it has begun already. */
  async start(options: WorkerOptions = {}): Promise<void> {
    if (this.state !== 'new') return;
    this.state = 'running';
    await (this.started = this.begin(options));
  }

  private async begin(options: WorkerOptions): Promise<void> {
    this.inline = options.inline ?? false;
    this.child = options.child;
    if (options.name !== undefined) this.identity.name = workerName(options.name);
    this.limit(options.limits);
    this.isolates.configure(options);
    this.loop.start(options.child?.overseer);
    this.controls.start();
    this.slots.resize(options.concurrency ?? 10);
    await this.queues.start(options.queues, this.registry.queues(), options.excludeQueues);
    await this.identity.start();
    // told to stop meanwhile
    if (!this.isRunning) return;
    this.duties.start({ isChild: this.child !== undefined, beat: options.beat ?? true });
    this.child?.onIdentity(this.id);
    await this.consumer.start();
    this.announcer.online(this.queues.names, this.slots.size);
  }

  /**
   * Takes nothing more, lets what runs go on for `graceMs`, then aborts its signals, and gives back uncharged what is
   * still not done. May be called twice.
   * @param hurry aborted to end the grace early
   * @param cold aborted to give everything back at once
   */
  stop(graceMs: number, hurry?: AbortSignal, cold?: AbortSignal): Promise<void> {
    return (this.stopped ??= this.drain(graceMs, hurry, cold));
  }

  private async drain(graceMs: number, hurry?: AbortSignal, cold?: AbortSignal): Promise<void> {
    if (this.state === 'new') return void (this.state = 'stopped');
    this.state = 'stopping';
    this.announcer.stopping();
    // what it begins only while it stops would stay behind
    await Promise.race([this.started?.catch(() => undefined), pause(graceMs, hurry)]);
    const empty = this.consumer.stop().then(() => this.attempts.ended());
    await Promise.race([empty, pause(graceMs, hurry)]);
    this.attempts.close();
    await Promise.race([empty, pause(ABORT_GRACE_MS, cold)]);
    await giveBack(this.active, this.settler, this.progress);
    await giveBackLate(this.storage.store, this.id, this.attempts.running, this.settler);

    await this.duties.stop();
    await this.settler.stop();
    this.isolates.close();
    this.loop.stop();
    await this.identity.stop();
    await this.logs.stop();
    this.controls.stop();
    this.state = 'stopped';
    this.announcer.offline();
  }

  /** It has begun as many tasks as it may. */
  private exhaust(child: ChildOptions): void {
    this.exhausted = true;
    void this.consumer.stop();
    child.onExhausted();
  }

  /** How many tasks it could take now if it had room, counted up to `atMost`. */
  backlog(atMost: number): Promise<number> {
    return this.queues.backlog(atMost);
  }

  /** Its consumer looks for work anew. */
  wake(): void {
    this.consumer.wake();
  }

  /** How its supervisor reaches the database. */
  address(): Promise<StoreAddress> {
    return addressOf(this.storage, this.settings, this.registry);
  }

  /** Time limits of tasks that have none themselves. */
  private limit(limits: TimeLimits = {}): void {
    this.settings.taskDefaults.overrides.otherwise = limits;
  }

  /** Runs what a worker gives to this thread or process; the worker sees to hard limits, from outside. */
  isolated(limits: TimeLimits): {
    runner: TaskRunner;
    signals: SignalReader;
    makeLogger: Worker['makeLogger'];
  } {
    this.limit(limits);
    const runner = new TaskRunner(this.registry, this.pipeline, this.inputs, {
      around: this.settings.context.run,
      overrides: this.settings.taskDefaults.overrides,
      tracing: this.tracing,
      withoutHardLimits: true,
    });
    return { runner, signals: this.signals, makeLogger: this.makeLogger };
  }

  private describe(): WorkerInfo {
    const { storage, registry, settings, inline, child } = this;
    return describeWorker(this.controls.report(), {
      tasks: registeredIn(registry),
      inline,
      broker: storage.broker.kind,
      timezone: settings.timezone,
      supervisor: child?.supervisor,
    });
  }

  private readonly makeLogger = (running: RunningTask) => this.logs.loggerOf(running);
}
