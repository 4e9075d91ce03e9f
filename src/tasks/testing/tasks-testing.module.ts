import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule, ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { TaskDefaults } from '../definition/task-defaults.js';
import type { TaskDescription } from '../definition/task-definition.js';
import { TaskExplorer } from '../definition/task-explorer.js';
import { TaskRegistry } from '../definition/task-registry.js';
import { TaskEventBus } from '../events/event-bus.js';
import { TaskEventExplorer } from '../events/event-explorer.js';
import { TaskPipeline } from '../execution/pipeline.js';
import type { NewTask } from '../store/new-task.js';
import type { Submission } from '../submission/compose-task.js';
import { Producer, type Placed } from '../submission/producer.js';
import type { SubmitOptions } from '../submission/submit-options.js';
import { Submitter } from '../submission/submitter.js';
import { TaskService } from '../submission/task.service.js';
import { resolveTasksOptions, type TasksModuleOptions } from '../tasks.options.js';
import { FakeClock } from './fake-clock.js';
import { MemoryChannel } from './memory-channel.js';
import { MemoryStore } from './memory-store.js';
import { TestTasks } from './test-tasks.js';
import { TestWorker } from './test-worker.js';

/** Options of `TasksTestingModule.forRoot()`. */
export interface TasksTestingOptions extends Pick<
  TasksModuleOptions,
  'queues' | 'defaults' | 'routes' | 'unknownQueues' | 'context' | 'globalEnhancers' | 'allowUnknownTasks'
> {
  /**
   * true: a submission resolves when its task has ended, retries without their waits; only a countdown or an eta waits
   * for the clock. false: nothing runs until `drain()` or `advance()`. Default true.
   */
  eager?: boolean | undefined;
}

/** In the place of `TasksModule` in unit tests: records in memory, no server, the same pipeline. */
@Module({})
export class TasksTestingModule {
  static forRoot({ eager = true, ...given }: TasksTestingOptions = {}): DynamicModule {
    const options = resolveTasksOptions(given);
    const clock = new FakeClock();
    const store = new MemoryStore(clock);
    const channel = new MemoryChannel();
    return {
      module: TasksTestingModule,
      global: true,
      imports: [DiscoveryModule],
      providers: [
        { provide: TaskDefaults, useValue: options.taskDefaults },
        TaskRegistry,
        TaskExplorer,
        { provide: TaskEventBus, useValue: new TaskEventBus() },
        TaskEventExplorer,
        {
          provide: TestWorker,
          useFactory: (
            modules: ModulesContainer,
            nest: ExternalContextCreator,
            registry: TaskRegistry,
            bus: TaskEventBus,
          ) => {
            const pipeline = new TaskPipeline(modules, nest, options.globalEnhancers);
            return new TestWorker(store, channel, clock, registry, pipeline, bus, options.context.run);
          },
          inject: [ModulesContainer, ExternalContextCreator, TaskRegistry, TaskEventBus],
        },
        {
          provide: TaskService,
          useFactory: (registry: TaskRegistry, worker: TestWorker, bus: TaskEventBus) => {
            const relay = { send: () => undefined };
            const storage = {
              store,
              inserts: store,
              reader: store,
              channel,
              relay,
              broker: { kind: 'memory' as const, status: { up: true, since: clock.now(), reason: null } },
              relayStore: { outboxLag: async () => ({ batches: 0, ms: 0 }) },
              tables: { relayed: false },
              gates: { ensure: async () => undefined },
              unique: { insert: (rows: readonly NewTask[]) => store.insertUnique(rows) },
            };
            const submitter = new Submitter(storage, {
              // a test's transaction has no database: what is submitted in it is there at once
              runnerOf: () => ({
                query: async (_text, values) => (await store.insert(values as NewTask[])).outbox,
                isTransactionActive: false,
              }),
              afterCommit: (_runner, action) => action(),
            });
            const runs = eager ? worker : undefined;
            const producer = new TestProducer(runs, submitter, registry, options, bus, undefined);
            return new TaskService(storage, registry, options, producer, bus);
          },
          inject: [TaskRegistry, TestWorker, TaskEventBus],
        },
        {
          provide: TestTasks,
          useFactory: (worker: TestWorker, registry: TaskRegistry) =>
            new TestTasks(clock, store, worker, registry),
          inject: [TestWorker, TaskRegistry],
        },
      ],
      exports: [TaskService, TaskRegistry, TestTasks],
    };
  }
}

/** Runs what it submits. */
class TestProducer extends Producer {
  constructor(
    private readonly worker: TestWorker | undefined,
    ...producer: ConstructorParameters<typeof Producer>
  ) {
    super(...producer);
  }

  override async submit(
    task: TaskDescription,
    args: readonly unknown[],
    options: SubmitOptions,
  ): Promise<Placed> {
    const placed = await super.submit(task, args, options);
    await this.worker?.runToEnd(placed.id);
    return { id: placed.id };
  }

  override async submitMany(
    submissions: readonly Submission[],
    manager: SubmitOptions['manager'],
  ): Promise<Placed[]> {
    const placed = await super.submitMany(submissions, manager);
    for (const { id } of placed) await this.worker?.runToEnd(id);
    return placed;
  }
}
