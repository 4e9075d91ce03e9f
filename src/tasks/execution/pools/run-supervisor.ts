import { Logger } from '@nestjs/common';
import { CommandListener } from '../../control/remote/command-listener.js';
import { tablesOf } from '../../store/tables.js';
import { Autoscaler, type AutoscaleBounds } from '../autoscaler.js';
import { Health } from '../health/health.js';
import type { WorkerPlan } from '../worker-plan.js';
import { stopOnSignals, type Stopping } from '../stopping.js';
import { WorkerIdentity } from '../worker-identity.js';
import { describeWorker } from '../worker-info.js';
import { workerName } from '../worker-name.js';
import { ChildCare } from './child-care.js';
import { PreforkControls } from './prefork-controls.js';
import { Supervisor } from './supervisor.js';
import { SupervisorMetrics } from './supervisor-metrics.js';
import type { SupervisorStore } from './supervisor-store.js';

/** The supervisor of a prefork worker. It does not load the application: its children do. */
export async function runSupervisor(plan: WorkerPlan): Promise<undefined> {
  const { logger } = plan.nest;
  // what Nest does in a process that it starts an application in
  if (logger !== undefined) Logger.overrideLogger(logger);
  const worker = new PreforkWorker(plan, process.argv[1]!, process.argv.slice(2));
  stopOnSignals((hurry, cold) => worker.stop({ hurry, cold }));
  await worker.start();
}

/** A supervisor with all that belongs to a worker: a row of its own, controls, scaling, health. */
class PreforkWorker {
  private readonly logger = new Logger('Tasks');
  private readonly supervisor: Supervisor;
  private readonly care: ChildCare;
  private readonly health: Health;
  private readonly metrics: SupervisorMetrics;
  private identity: WorkerIdentity | undefined;
  private controls: PreforkControls | undefined;
  private scaler: Autoscaler | undefined;
  private commands: CommandListener | undefined;

  constructor(
    private readonly plan: WorkerPlan,
    entry: string,
    args: readonly string[],
  ) {
    const supervisor = (this.supervisor = new Supervisor(plan, entry, args));
    this.care = new ChildCare(supervisor, plan);
    this.metrics = new SupervisorMetrics(supervisor);
    this.health = new Health(plan.health, {
      live: () => (supervisor.everyone.length > 0 ? undefined : 'it has no child process'),
      ready: () => {
        if (supervisor.isStopping) return 'it is stopping';
        return supervisor.taking.length > 0 ? undefined : 'no child process takes tasks';
      },
      report: () => this.controls?.report(),
      metrics: () => this.metrics.exporter,
    });
    // a child waits for its first task until then
    supervisor.beforeTaking = (store) => this.register(store);
  }

  async start(): Promise<void> {
    await this.health.start();
    await this.supervisor.start();
    if (this.supervisor.isStopping) return;
    this.care.start();
    if (this.plan.autoscale) this.scale(this.plan.autoscale);
    const { name } = this.identity!;
    const { queues, concurrencyPerChild } = this.plan;
    this.logger.log(
      `worker ${name} takes tasks from ${queues?.join(', ') ?? 'all queues'} in ${this.supervisor.processes} ` +
        `child processes, ${concurrencyPerChild} at once in each`,
    );
  }

  async stop(stopping: Stopping): Promise<void> {
    // not awaited: either may be at a database that does not answer
    void this.scaler?.stop();
    void this.care.stop();
    await this.supervisor.stop(stopping);
    await this.commands?.stop();
    await this.identity?.stop();
    await this.supervisor.storage?.stop();
    await this.health.stop();
  }

  private async register(storage: SupervisorStore): Promise<void> {
    const { store, address, connection } = storage;
    const { schema, relayed, leaseMs } = address;
    const { supervisor } = this;
    storage.onLost = (name, queue) => this.metrics.lost(name, queue);
    const identity: WorkerIdentity = (this.identity = new WorkerIdentity({
      store,
      connection,
      leaseMs,
      tables: tablesOf(schema, relayed),
      describe: () =>
        describeWorker(controls.report(), {
          inline: false,
          broker: address.broker,
          timezone: address.timezone,
          tasks: address.tasks,
        }),
      report: () => controls.report(),
      // it runs nothing itself
      onLost: () => undefined,
    }));
    identity.name = workerName(this.plan.name);
    const controls: PreforkControls = (this.controls = new PreforkControls(supervisor, identity, (bounds) =>
      this.scale(bounds),
    ));
    await identity.start();
    this.commands = new CommandListener({
      commands: storage.commands,
      channel: storage.channel,
      controls,
      tasks: () => address.tasks,
      conf: () => address.conf,
      broker: { kind: address.broker, status: { up: true } },
      onDone: () => identity.report(),
    });
    this.commands.start();
  }

  private scale(bounds: AutoscaleBounds): void {
    const { supervisor } = this;
    void this.scaler?.stop();
    this.scaler = new Autoscaler(
      {
        size: () => supervisor.processes,
        busy: () =>
          supervisor.taking.filter((child) => child.running >= this.plan.concurrencyPerChild).length,
        backlog: async (atMost) => {
          const { queues, excludeQueues } = supervisor.intake;
          return (await supervisor.storage?.backlog(queues, excludeQueues, atMost)) ?? 0;
        },
        resize: (size) => supervisor.resize(size),
      },
      bounds,
      this.plan.autoscale?.idleMs,
    ).start();
  }
}
