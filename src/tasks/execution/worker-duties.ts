import { Logger } from '@nestjs/common';
import type { Dependents } from '../control/dependents.js';
import { Maintenance } from '../control/maintenance.js';
import { Periodic } from '../control/periodic.js';
import { CommandListener } from '../control/remote/command-listener.js';
import type { ResolvedRetention } from '../control/retention/retention-options.js';
import { Resender } from '../control/resender.js';
import type { RegisteredTask } from '../definition/registered-tasks.js';
import type { TaskEventBus } from '../events/event-bus.js';
import type { Scheduler } from '../schedule/scheduler.js';
import type { Storage } from '../store/storage.js';
import type { Announcer } from './announcer.js';
import type { Claimer } from './claimer.js';
import type { Inventory } from './inventory.js';
import type { WorkerControls } from './worker-controls.js';
import type { WorkerQueues } from './worker-queues.js';

/** Without notifications queues are looked for this often; with them, what was missed is found this late. */
const DEAF_POLL_MS = 2000;
const QUEUES_POLL_MS = 5000;
/** Tasks that wait for longer than this where nobody listens are worth a warning. */
const UNHEARD_MS = 30_000;

export interface WorkerDutiesOptions {
  readonly storage: Storage;
  readonly events: TaskEventBus;
  readonly dependents: Dependents;
  readonly scheduler: Scheduler;
  readonly leaseMs: number;
  readonly maxCrashes: number;
  readonly keep: ResolvedRetention;
  readonly queues: WorkerQueues;
  readonly claimer: Claimer;
  readonly inventory: Inventory;
  readonly announcer: Announcer;
  readonly controls: WorkerControls;
  workerId(): string;
  /** What it has the code of. */
  tasks(): readonly RegisteredTask[];
  /** How it is set up, without secrets. */
  conf(): object;
  /** It did what it was told. */
  onControlled(): void;
  /** How many tasks run. */
  running(): number;
  onRevoked(ids: string[]): void;
}

/** What a worker does beside taking and running tasks, as long as it takes any. */
export class WorkerDuties {
  private readonly logger = new Logger('Tasks');
  private readonly maintenance: Maintenance;
  private readonly resender: Resender | undefined;
  private readonly queueScout: Periodic;
  private readonly commands: CommandListener;
  private readonly periodics: readonly Periodic[];
  private unheard: readonly string[] = [];

  constructor(private readonly options: WorkerDutiesOptions) {
    const {
      storage,
      events,
      dependents,
      scheduler,
      leaseMs,
      maxCrashes,
      keep,
      queues,
      claimer,
      inventory,
      announcer,
    } = options;
    const beatMs = leaseMs / 5;
    const { broker, relay, relayStore } = storage;
    this.maintenance = new Maintenance({
      ...storage,
      events,
      dependents,
      scheduler,
      leaseMs,
      beatMs,
      maxCrashes,
      keep,
      workerId: () => options.workerId(),
    });
    if (!broker.isTable)
      this.resender = new Resender({
        store: relayStore,
        broker,
        relay,
        queues: () => queues.open,
        newestClaimed: (queue, priority) => claimer.newest(queue, priority),
      });
    this.commands = new CommandListener({
      ...storage,
      controls: options.controls,
      tasks: () => options.tasks(),
      conf: () => options.conf(),
      onDone: () => options.onControlled(),
    });
    this.queueScout = new Periodic('new and paused queues are not looked for', QUEUES_POLL_MS, async () => {
      await queues.learn();
      return storage.channel.connected ? QUEUES_POLL_MS : DEAF_POLL_MS;
    });
    this.periodics = [
      new Periodic('its inventory waits', beatMs, () => inventory.take()),
      new Periodic('it is silent', leaseMs / 3, async () => announcer.heartbeat(options.running())),
      this.queueScout,
      new Periodic('queues without a worker are not looked for', UNHEARD_MS / 2, () => this.hearQueues()),
    ];
  }

  /**
   * @param isChild of a prefork worker: what it is told comes from its supervisor
   * @param beat whether it makes the tasks of schedules
   */
  start({ isChild, beat }: { isChild: boolean; beat: boolean }): void {
    const { channel } = this.options.storage;
    channel.on('revoked', this.onRevoked);
    channel.on('queues', this.onQueues);
    if (!isChild) this.commands.start();
    this.maintenance.start({ beat });
    this.resender?.start();
    for (const periodic of this.periodics) periodic.start();
  }

  async stop(): Promise<void> {
    const { channel } = this.options.storage;
    channel.off('revoked', this.onRevoked);
    channel.off('queues', this.onQueues);
    await Promise.all([
      this.commands.stop(),
      this.resender?.stop(),
      this.maintenance.stop(),
      ...this.periodics.map((periodic) => periodic.stop()),
    ]);
  }

  /** A task that limits hold for has started, or ended: another one may run. */
  makeRoom(): void {
    this.maintenance.makeRoom();
  }

  /** Said once for each queue, until somebody takes from it. */
  private async hearQueues(): Promise<void> {
    const unheard = await this.options.storage.store.unheardQueues(UNHEARD_MS);
    const news = unheard.filter((queue) => !this.unheard.includes(queue));
    this.unheard = unheard;
    if (news.length > 0)
      this.logger.warn(
        `tasks have been waiting for ${UNHEARD_MS / 1000} s where no worker listens: queue ${news.join(', ')}; ` +
          `start a worker with -Q ${news.join(',')}`,
      );
  }

  private readonly onRevoked = (ids: string[]): void => this.options.onRevoked(ids);
  private readonly onQueues = (): void => this.queueScout.wake();
}
