import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule, ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { Dependents } from '../control/dependents.js';
import { TaskDefaults } from '../definition/task-defaults.js';
import type { TaskDescription } from '../definition/task-definition.js';
import { TaskExplorer } from '../definition/task-explorer.js';
import { TaskRegistry } from '../definition/task-registry.js';
import { TaskEventBus } from '../events/event-bus.js';
import { TaskEventExplorer } from '../events/event-explorer.js';
import { Growth } from '../execution/growth.js';
import { TaskPipeline } from '../execution/pipeline.js';
import { scheduleProviders } from '../schedule/schedule-providers.js';
import { ScheduleService } from '../schedule/schedule.service.js';
import { Scheduler } from '../schedule/scheduler.js';
import type { NewTask } from '../store/new-task.js';
import type { Submission } from '../submission/compose-task.js';
import { Producer, type Placed } from '../submission/producer.js';
import type { SubmitOptions } from '../submission/submit-options.js';
import { Submitter } from '../submission/submitter.js';
import { TaskService } from '../submission/task.service.js';
import { resolveTasksOptions, type TasksModuleOptions } from '../tasks.options.js';
import { WorkflowTasks } from '../workflow/workflow-tasks.js';
import { FakeClock } from './fake-clock.js';
import { MemoryChannel } from './memory-channel.js';
import { MemorySchedules } from './memory-schedules.js';
import { MemoryReader } from './memory-reader.js';
import { MemoryStore } from './memory-store.js';
import { MemoryWorkflows } from './memory-workflows.js';
import { TestPipeline } from './test-pipeline.js';
import { TestTasks } from './test-tasks.js';
import { TestWorker } from './test-worker.js';

const OPTIONS = Symbol('celeriac:test-options');
const SCHEDULES = Symbol('celeriac:test-schedules');

/** Options of `TasksTestingModule.forRoot()`. */
export interface TasksTestingOptions extends Pick<
  TasksModuleOptions,
  | 'queues'
  | 'defaults'
  | 'routes'
  | 'unknownQueues'
  | 'context'
  | 'timezone'
  | 'globalEnhancers'
  | 'allowUnknownTasks'
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
  /**
   * Takes the options of `TasksModule.forRoot()` too.
   * @throws InvalidOptionError
   */
  static forRoot({ eager = true, ...given }: TasksTestingOptions = {}): DynamicModule {
    const options = resolveTasksOptions(given);
    const clock = new FakeClock();
    const store = new MemoryStore(clock);
    const channel = new MemoryChannel();
    const workflows = new MemoryWorkflows(store);
    const relay = { send: () => undefined };
    const storage = {
      store,
      inserts: store,
      reader: new MemoryReader(store.rows),
      channel,
      relay,
      broker: { kind: 'memory' as const, status: { up: true, since: clock.now(), reason: null } },
      relayStore: { outboxLag: async () => ({ batches: 0, ms: 0 }) },
      tables: { relayed: false },
      logs: store.logs,
      gates: { ensure: async () => undefined },
      workflows,
      unique: { insert: (rows: readonly NewTask[]) => store.insertUnique(rows) },
    };
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
          provide: TaskPipeline,
          useFactory: (modules: ModulesContainer, nest: ExternalContextCreator) =>
            new TestPipeline(modules, nest, options.globalEnhancers),
          inject: [ModulesContainer, ExternalContextCreator],
        },
        WorkflowTasks,
        {
          provide: TestWorker,
          useFactory: (registry: TaskRegistry, pipeline: TestPipeline, bus: TaskEventBus) =>
            new TestWorker(store, channel, clock, registry, pipeline, bus, options.context.run, workflows),
          inject: [TaskRegistry, TaskPipeline, TaskEventBus],
        },
        { provide: OPTIONS, useValue: options },
        { provide: SCHEDULES, useValue: { schedules: new MemorySchedules(clock, store), channel } },
        {
          provide: Dependents,
          useFactory: (events: TaskEventBus) => new Dependents({ workflows, relay, channel, events }),
          inject: [TaskEventBus],
        },
        {
          provide: Producer,
          useFactory: (
            registry: TaskRegistry,
            worker: TestWorker,
            bus: TaskEventBus,
            dependents: Dependents,
          ) => {
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
            worker.growth = new Growth({ workflows, producer, dependents, relay, channel });
            return producer;
          },
          inject: [TaskRegistry, TestWorker, TaskEventBus, Dependents],
        },
        {
          provide: TaskService,
          useFactory: (
            registry: TaskRegistry,
            producer: Producer,
            bus: TaskEventBus,
            dependents: Dependents,
          ) => new TaskService(storage, registry, options, producer, bus, dependents),
          inject: [TaskRegistry, Producer, TaskEventBus, Dependents],
        },
        ...scheduleProviders(SCHEDULES, OPTIONS),
        {
          provide: TestTasks,
          useFactory: (worker: TestWorker, registry: TaskRegistry, scheduler: Scheduler) =>
            new TestTasks(clock, store, worker, registry, scheduler),
          inject: [TestWorker, TaskRegistry, Scheduler],
        },
      ],
      exports: [TaskService, ScheduleService, TaskRegistry, TestTasks],
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

  override async submitWorkflow(...given: Parameters<Producer['submitWorkflow']>): Promise<Placed> {
    const placed = await super.submitWorkflow(...given);
    await this.worker?.runToEnd(placed.id);
    // callbacks and errbacks come behind its end
    await this.worker?.drain(false);
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
