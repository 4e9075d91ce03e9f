import {
  Inject,
  Module,
  Optional,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import type { DataSource } from 'typeorm';
import { Broker } from './brokers/broker.js';
import { Administration } from './control/administration.js';
import { TaskDefaults } from './definition/task-defaults.js';
import { TaskExplorer } from './definition/task-explorer.js';
import { TaskRegistry } from './definition/task-registry.js';
import { TaskEventBus } from './events/event-bus.js';
import { TaskEventExplorer } from './events/event-explorer.js';
import { TaskPipeline } from './execution/pipeline.js';
import { Worker } from './execution/worker.js';
import { WORKER_PROCESS } from './execution/worker-process.js';
import { closeStorage, openStorage } from './store/open-storage.js';
import type { Storage } from './store/storage.js';
import { Producer } from './submission/producer.js';
import { QueueLimits } from './submission/queue-limits.js';
import { Submitter } from './submission/submitter.js';
import { TaskService } from './submission/task.service.js';
import { TransactionWatcher } from './submission/transaction-watcher.js';
import {
  APPLICATION_DATA_SOURCE,
  ConfigurableTasksModule,
  TASKS_OPTIONS,
} from './tasks.module-definition.js';
import { resolveTasksOptions, type ResolvedTasksOptions, type TasksModuleOptions } from './tasks.options.js';

const OPTIONS = Symbol('celeriac:options');
const STORAGE = Symbol('celeriac:storage');

const providers: Provider[] = [
  {
    provide: OPTIONS,
    useFactory: (given: TasksModuleOptions) => resolveTasksOptions(given),
    inject: [TASKS_OPTIONS],
  },
  { provide: STORAGE, useFactory: openStorage, inject: [APPLICATION_DATA_SOURCE, OPTIONS] },
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
  TaskEventExplorer,
  {
    provide: Administration,
    useFactory: (storage: Storage) => new Administration(storage),
    inject: [STORAGE],
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
    provide: TaskService,
    useFactory: (
      storage: Storage,
      registry: TaskRegistry,
      options: ResolvedTasksOptions,
      application: DataSource,
      events: TaskEventBus,
    ) => {
      const submitter = new Submitter(storage, new TransactionWatcher(application));
      const limits =
        options.queueLimits.size > 0 ? new QueueLimits(options.queueLimits, storage.store) : undefined;
      const producer = new Producer(submitter, registry, options, events, limits);
      return new TaskService(storage, registry, options, producer, events);
    },
    inject: [STORAGE, TaskRegistry, OPTIONS, APPLICATION_DATA_SOURCE, TaskEventBus],
  },
  {
    provide: Worker,
    useFactory: (
      storage: Storage,
      registry: TaskRegistry,
      pipeline: TaskPipeline,
      options: ResolvedTasksOptions,
      events: TaskEventBus,
    ) => new Worker(storage, registry, pipeline, options, events),
    inject: [STORAGE, TaskRegistry, TaskPipeline, OPTIONS, TaskEventBus],
  },
];

/**
 * Background tasks for the application: provides {@link TaskService}. Importing it starts no worker, unless
 * `worker: 'inline'` says so.
 */
@Module({
  imports: [DiscoveryModule],
  providers,
  exports: [TaskService, TaskRegistry, Worker, Administration, Broker],
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
    @Optional() @Inject(WORKER_PROCESS) private readonly isWorkerProcess = false,
  ) {
    super();
  }

  /** Tasks are taken only when every module has started. */
  async onApplicationBootstrap(): Promise<void> {
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
  }

  async onApplicationShutdown(): Promise<void> {
    this.events.stop();
    await closeStorage(this.storage);
  }
}
