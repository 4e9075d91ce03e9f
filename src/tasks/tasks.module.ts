import {
  Inject,
  Module,
  Optional,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import type { DataSource } from 'typeorm';
import { Broker } from './brokers/broker.js';
import { Administration } from './control/administration.js';
import { Dependents } from './control/dependents.js';
import { OverrideWatcher } from './control/remote/override-watcher.js';
import { RemoteControl } from './control/remote/remote-control.js';
import { TaskDefaults } from './definition/task-defaults.js';
import { TaskExplorer } from './definition/task-explorer.js';
import { TaskRegistry } from './definition/task-registry.js';
import { TaskDefinitionError } from './errors.js';
import { TaskEventBus } from './events/event-bus.js';
import { TaskEventExplorer } from './events/event-explorer.js';
import { TaskPipeline } from './execution/pipeline.js';
import { Worker } from './execution/worker.js';
import { WORKER_PROCESS } from './execution/worker-process.js';
import { JobRecorder } from './observability/job-recorder.js';
import { ProcessMetrics } from './observability/metrics/process-metrics.js';
import { StatisticsCollector } from './observability/statistics-collector.js';
import { TaskStatistics } from './observability/task-statistics.js';
import { loadTracing, type Tracing } from './observability/tracing/tracing.js';
import { scheduleProviders } from './schedule/schedule-providers.js';
import { ScheduleService } from './schedule/schedule.service.js';
import { Scheduler } from './schedule/scheduler.js';
import { closeStorage, openStorage } from './store/open-storage.js';
import type { Storage } from './store/storage.js';
import { Producer } from './submission/producer.js';
import { QueueLimits } from './submission/queue-limits.js';
import { Submitter } from './submission/submitter.js';
import { TaskService } from './submission/task.service.js';
import { TracedProducer } from './submission/traced-producer.js';
import { TransactionWatcher } from './submission/transaction-watcher.js';
import { WorkflowTasks } from './workflow/workflow-tasks.js';
import {
  APPLICATION_DATA_SOURCE,
  ConfigurableTasksModule,
  TASKS_OPTIONS,
  type TasksModuleExtras,
} from './tasks.module-definition.js';
import { resolveTasksOptions, type ResolvedTasksOptions, type TasksModuleOptions } from './tasks.options.js';

const OPTIONS = Symbol('celeriac:options');
const STORAGE = Symbol('celeriac:storage');
const TRACING = Symbol('celeriac:tracing');

/** A bare `TasksModule` in `imports` has neither: then OPTIONS says it, and not Nest. */
const optional = (token: symbol | string) => ({ token, optional: true });

const providers: Provider[] = [
  {
    provide: OPTIONS,
    useFactory: (given: TasksModuleOptions | undefined, modules: ModulesContainer) =>
      resolveTasksOptions(assertImportedOnce(given, modules)),
    inject: [optional(TASKS_OPTIONS), ModulesContainer],
  },
  { provide: STORAGE, useFactory: openStorage, inject: [optional(APPLICATION_DATA_SOURCE), OPTIONS] },
  {
    provide: TRACING,
    useFactory: ({ tracing }: ResolvedTasksOptions) => (tracing ? loadTracing() : undefined),
    inject: [OPTIONS],
  },
  { provide: Broker, useFactory: (storage: Storage) => storage.broker, inject: [STORAGE] },
  {
    provide: TaskDefaults,
    useFactory: ({ taskDefaults }: ResolvedTasksOptions) => taskDefaults,
    inject: [OPTIONS],
  },
  TaskRegistry,
  TaskExplorer,
  {
    provide: TaskEventBus,
    useFactory: ({ channel }: Storage) => new TaskEventBus(channel),
    inject: [STORAGE],
  },
  {
    provide: StatisticsCollector,
    useFactory: ({ statistics, errors }: Storage, bus: TaskEventBus) =>
      (bus.observer = new StatisticsCollector(statistics, errors)),
    inject: [STORAGE, TaskEventBus],
  },
  {
    provide: JobRecorder,
    useFactory: ({ jobs, channel }: Storage, statistics: StatisticsCollector) =>
      new JobRecorder(jobs, channel, statistics),
    inject: [STORAGE, StatisticsCollector],
  },
  TaskEventExplorer,
  {
    provide: Dependents,
    useFactory: (storage: Storage, events: TaskEventBus) => new Dependents({ ...storage, events }),
    inject: [STORAGE, TaskEventBus],
  },
  WorkflowTasks,
  {
    provide: TaskStatistics,
    useFactory: (storage: Storage) => new TaskStatistics(storage),
    inject: [STORAGE],
  },
  {
    provide: Administration,
    useFactory: (storage: Storage, dependents: Dependents) => new Administration(storage, dependents),
    inject: [STORAGE, Dependents],
  },
  {
    provide: RemoteControl,
    useFactory: (storage: Storage) => new RemoteControl(storage),
    inject: [STORAGE],
  },
  {
    provide: OverrideWatcher,
    useFactory: (storage: Storage, defaults: TaskDefaults) =>
      new OverrideWatcher(storage, defaults.overrides),
    inject: [STORAGE, TaskDefaults],
  },
  {
    provide: TaskPipeline,
    useFactory: (
      modules: ModulesContainer,
      nest: ExternalContextCreator,
      { globalEnhancers }: ResolvedTasksOptions,
    ) => new TaskPipeline(modules, nest, globalEnhancers),
    inject: [ModulesContainer, ExternalContextCreator, OPTIONS],
  },
  {
    provide: Producer,
    useFactory: (
      storage: Storage,
      registry: TaskRegistry,
      options: ResolvedTasksOptions,
      application: DataSource,
      events: TaskEventBus,
      tracing: Tracing | undefined,
    ) => {
      const submitter = new Submitter(storage, new TransactionWatcher(application));
      const limits =
        options.queueLimits.size > 0 ? new QueueLimits(options.queueLimits, storage.store) : undefined;
      const parts = [submitter, registry, options, events, limits] as const;
      return tracing ? new TracedProducer(tracing, ...parts) : new Producer(...parts);
    },
    inject: [STORAGE, TaskRegistry, OPTIONS, optional(APPLICATION_DATA_SOURCE), TaskEventBus, TRACING],
  },
  {
    provide: TaskService,
    useFactory: (
      storage: Storage,
      registry: TaskRegistry,
      options: ResolvedTasksOptions,
      producer: Producer,
      events: TaskEventBus,
      dependents: Dependents,
    ) => new TaskService(storage, registry, options, producer, events, dependents),
    inject: [STORAGE, TaskRegistry, OPTIONS, Producer, TaskEventBus, Dependents],
  },
  ...scheduleProviders(STORAGE, OPTIONS),
  {
    provide: Worker,
    useFactory: (
      storage: Storage,
      registry: TaskRegistry,
      pipeline: TaskPipeline,
      options: ResolvedTasksOptions,
      events: TaskEventBus,
      producer: Producer,
      dependents: Dependents,
      scheduler: Scheduler,
      tracing: Tracing | undefined,
    ) => new Worker(storage, registry, pipeline, options, events, producer, dependents, scheduler, tracing),
    inject: [
      STORAGE,
      TaskRegistry,
      TaskPipeline,
      OPTIONS,
      TaskEventBus,
      Producer,
      Dependents,
      Scheduler,
      TRACING,
    ],
  },
  {
    provide: ProcessMetrics,
    useFactory: (
      collector: StatisticsCollector,
      storage: Storage,
      registry: TaskRegistry,
      options: ResolvedTasksOptions,
      worker: Worker,
    ) => new ProcessMetrics(collector, storage, registry, options, worker),
    inject: [StatisticsCollector, STORAGE, TaskRegistry, OPTIONS, Worker],
  },
];

/**
 * Background tasks for the application: provides {@link TaskService}. Importing it starts no worker, unless
 * `worker: 'inline'` says so.
 */
@Module({
  imports: [DiscoveryModule],
  providers,
  exports: [
    TaskService,
    ScheduleService,
    TaskRegistry,
    Worker,
    Administration,
    RemoteControl,
    TaskStatistics,
    JobRecorder,
    ProcessMetrics,
    Broker,
  ],
})
export class TasksModule
  extends ConfigurableTasksModule
  implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown
{
  constructor(
    private readonly worker: Worker,
    private readonly service: TaskService,
    @Inject(OPTIONS) private readonly options: ResolvedTasksOptions,
    @Inject(STORAGE) private readonly storage: Storage,
    private readonly events: TaskEventBus,
    private readonly statistics: StatisticsCollector,
    private readonly overrides: OverrideWatcher,
    @Optional() @Inject(WORKER_PROCESS) private readonly isWorkerProcess = false,
  ) {
    super();
  }

  /**
   * Once, in the application's module; it is global.
   * @throws InvalidOptionError that names the option, what was expected and what was given
   */
  static override forRoot(options: TasksModuleOptions & TasksModuleExtras = {}): DynamicModule {
    return super.forRoot(options);
  }

  /** Tasks are taken only when every module has started. */
  async onApplicationBootstrap(): Promise<void> {
    this.statistics.start();
    await this.overrides.start();
    // in a worker process, runWorker() starts the worker, with its own options
    if (this.options.worker !== 'inline' || this.isWorkerProcess) return;
    await this.worker.start({
      queues: this.options.queues,
      concurrency: this.options.concurrency,
      inline: true,
    });
  }

  /**
   * Too late for tasks that need providers which Nest has destroyed before: `runWorker()` and `closeGracefully()`
   * drain before Nest closes anything.
   */
  async onModuleDestroy(): Promise<void> {
    this.service.beginShutdown();
    await this.worker.stop(this.options.shutdownGraceMs);
    await this.service.close();
    await this.overrides.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    this.events.stop();
    await this.statistics.stop();
    await closeStorage(this.storage);
  }
}

/** @throws TaskDefinitionError */
function assertImportedOnce(
  options: TasksModuleOptions | undefined,
  modules: ModulesContainer,
): TasksModuleOptions {
  const times = [...modules.values()].filter(({ metatype }) => metatype === TasksModule).length;
  if (times === 1 && options) return options;
  throw new TaskDefinitionError(
    times > 1
      ? `TasksModule is imported ${times} times with different options, or once without any: each would have its own worker. ` +
          `Import TasksModule.forRoot({ … }) in the application's module only: it is global, so TaskService can be injected everywhere.`
      : `TasksModule is imported without its options: write TasksModule.forRoot({ … }) in 'imports'.`,
  );
}
