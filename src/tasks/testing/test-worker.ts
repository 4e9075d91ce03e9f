import type { TaskRegistry } from '../definition/task-registry.js';
import { Announcer } from '../execution/announcer.js';
import { LogWriter } from '../execution/log-writer.js';
import { TaskRunner } from '../execution/runner.js';
import { Inputs } from '../execution/inputs.js';
import type { Growth } from '../execution/growth.js';
import { endingOf, failure, revoked, type Outcome } from '../execution/outcome.js';
import { RunningTask } from '../execution/running-task.js';
import type { Settled } from '../execution/settler.js';
import { signalReader } from '../execution/signals.js';
import type { TaskEventBus } from '../events/event-bus.js';
import { isFinal } from '../store/states.js';
import type { TaskProgress } from '../store/task-record.entity.js';
import type { ContextOptions } from '../tasks.options.js';
import type { FakeClock } from './fake-clock.js';
import type { MemoryChannel } from './memory-channel.js';
import { claimed, type MemoryRow } from './memory-row.js';
import type { MemoryStore } from './memory-store.js';
import type { MemoryWorkflows } from './memory-workflows.js';
import type { TestPipeline } from './test-pipeline.js';

/** Runs what is ready, through the same pipeline, retries and validation as a real worker. */
export class TestWorker {
  private readonly running = new Map<string, RunningTask>();
  private readonly runner: TaskRunner;
  private readonly announcer: Announcer;
  private readonly logs: LogWriter;
  private idle: (() => void)[] = [];
  /** Set when the service is made, which needs this worker. */
  growth!: Growth;

  constructor(
    private readonly store: MemoryStore,
    private readonly channel: MemoryChannel,
    private readonly clock: FakeClock,
    registry: TaskRegistry,
    readonly pipeline: TestPipeline,
    events: TaskEventBus,
    around: ContextOptions['run'],
    private readonly workflows: MemoryWorkflows,
  ) {
    this.logs = new LogWriter(store.logs, channel);
    this.announcer = new Announcer(
      events,
      () => 'test',
      () => 'test',
    );
    this.runner = new TaskRunner(registry, pipeline, new Inputs(workflows), { around });
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

  /**
   * Runs one task, or a workflow by its last, until it has ended, retries without their waits. One with a countdown waits
   * for the clock.
   */
  async runToEnd(id: string): Promise<void> {
    for (;;) {
      this.pump();
      const row = this.store.rows.get(id);
      if (!row || isFinal(row.state)) return;
      const isWaitedFor = row.running || (row.state === 'WAITING' && this.running.size > 0);
      const retry = this.store.nextRetry(row.workflowId ?? id);
      if (isWaitedFor) await new Promise<void>((resolve) => this.idle.push(resolve));
      else if (retry) this.clock.moveTo(retry);
      else return;
    }
  }

  private async settle(row: MemoryRow, running: RunningTask, outcome: Outcome): Promise<Settled> {
    let grown: Settled | Error | undefined;
    if (outcome.kind === 'wait')
      grown = await this.growth.wait(running.task, outcome.signal, outcome.timeoutMs, 'test');
    else if (outcome.kind === 'replace') grown = await this.growth.replace(running, outcome.step, 'test');
    else if (outcome.kind === 'end' && outcome.more)
      grown = await this.growth.finishWithMore(running, endingOf(running.task, outcome, null), outcome.more);
    else return this.store.settle(row, outcome) ? stateOf(row) : 'fenced';
    if (grown === 'fenced') this.store.settle(row, revoked());
    else if (grown instanceof Error) this.store.settle(row, failure(grown));
    return stateOf(row);
  }

  private async run(row: MemoryRow): Promise<void> {
    this.store.start(row);
    const running = new RunningTask(
      claimed(row),
      (_task, progress) => {
        row.progress = JSON.parse(progress) as TaskProgress;
        this.channel.changed();
      },
      signalReader(this.workflows),
      (task) => this.logs.loggerOf(task),
    );
    this.running.set(row.id, running);
    this.announcer.started(running);
    this.channel.changed();
    const outcome = await this.runner.run(running);
    this.announcer.ended(running);
    const settled = await this.settle(row, running, outcome);
    this.running.delete(row.id);
    this.announcer.settled(running, outcome, settled);
    this.channel.changed();
    for (const resolve of this.idle.splice(0)) resolve();
  }
}

const stateOf = ({ state }: MemoryRow): Settled => (state === 'STARTED' ? 'PENDING' : state);
