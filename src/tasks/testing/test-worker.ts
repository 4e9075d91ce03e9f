import type { TaskRegistry } from '../definition/task-registry.js';
import type { TaskContext } from '../definition/task-context.js';
import type { TaskDefinition } from '../definition/task-definition.js';
import { Announcer } from '../execution/announcer.js';
import type { TaskPipeline } from '../execution/pipeline.js';
import { TaskRunner } from '../execution/runner.js';
import { RunningTask } from '../execution/running-task.js';
import type { TaskEventBus } from '../events/event-bus.js';
import { isFinal } from '../store/states.js';
import type { TaskProgress } from '../store/task-record.entity.js';
import type { ContextOptions } from '../tasks.options.js';
import type { FakeClock } from './fake-clock.js';
import type { MemoryChannel } from './memory-channel.js';
import { claimed, type MemoryRow } from './memory-row.js';
import type { MemoryStore } from './memory-store.js';

export type Handler = (...args: never[]) => unknown;

/** Runs what is ready, through the same pipeline, retries and validation as a real worker. */
export class TestWorker {
  /** Handlers that stand in for those of the application, by the tasks' names. */
  readonly overrides = new Map<string, Handler>();
  private readonly running = new Map<string, RunningTask>();
  private readonly runner: TaskRunner;
  private readonly announcer: Announcer;
  private idle: (() => void)[] = [];

  constructor(
    private readonly store: MemoryStore,
    private readonly channel: MemoryChannel,
    private readonly clock: FakeClock,
    registry: TaskRegistry,
    pipeline: TaskPipeline,
    events: TaskEventBus,
    around: ContextOptions['run'],
  ) {
    this.announcer = new Announcer(events, 'test', () => 'test');
    this.runner = new TaskRunner(
      registry,
      {
        invoke: (definition: TaskDefinition, args: readonly unknown[], context: TaskContext) => {
          const override = this.overrides.get(definition.name) as
            ((...args: unknown[]) => unknown) | undefined;
          return override
            ? Promise.resolve().then(() => override(...args, context))
            : pipeline.invoke(definition, args, context);
        },
      },
      around,
    );
    channel.on('revoked', (ids) => {
      for (const id of ids) this.running.get(id)?.abort('revoked', 'the task was revoked');
    });
  }

  /** Begins everything that is ready; handlers run side by side, as in a worker. */
  pump(): void {
    this.store.tick();
    for (let row = this.store.next(); row; row = this.store.next()) void this.run(row);
  }

  /** Runs what is ready, and what that submits, until nothing is. @param untilEmpty moves the clock to what is due */
  async drain(untilEmpty: boolean): Promise<void> {
    for (;;) {
      this.pump();
      if (this.running.size > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
      else {
        const due = this.store.nextDue();
        if (!due || (!untilEmpty && due > this.clock.now())) return;
        this.clock.moveTo(due);
      }
    }
  }

  /** Runs one task until it has ended, its retries without their waits. One with a countdown waits for the clock. */
  async runToEnd(id: string): Promise<void> {
    for (;;) {
      this.pump();
      const row = this.store.rows.get(id);
      if (!row || isFinal(row.state)) return;
      if (row.running) await new Promise<void>((resolve) => this.idle.push(resolve));
      else if (row.attempts.length > 0 && row.dueAt) this.clock.moveTo(row.dueAt);
      else return;
    }
  }

  private async run(row: MemoryRow): Promise<void> {
    this.store.start(row);
    const running = new RunningTask(claimed(row), (_task, progress) => {
      row.progress = JSON.parse(progress) as TaskProgress;
      this.channel.changed();
    });
    this.running.set(row.id, running);
    this.announcer.started(running);
    this.channel.changed();
    const outcome = await this.runner.run(running);
    this.announcer.ended(running);
    const settled = this.store.settle(row, outcome);
    this.running.delete(row.id);
    this.announcer.settled(running, outcome, settled ? stateOf(row) : 'fenced');
    this.channel.changed();
    for (const resolve of this.idle.splice(0)) resolve();
  }
}

function stateOf({ state }: MemoryRow) {
  return state === 'WAITING' || state === 'STARTED' ? 'PENDING' : state;
}
