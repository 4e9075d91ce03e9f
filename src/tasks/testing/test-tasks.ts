import { toMilliseconds, type Duration } from '../duration.js';
import type { TaskContext } from '../definition/task-context.js';
import type { TaskRef } from '../definition/task-references.js';
import type { TaskRegistry } from '../definition/task-registry.js';
import type { Scheduler } from '../schedule/scheduler.js';
import { toRecord, type TaskRecord } from '../submission/task-view.js';
import type { FakeClock } from './fake-clock.js';
import { matches, show } from './matches.js';
import type { MemoryStore } from './memory-store.js';
import type { TestWorker } from './test-worker.js';

/** A task by its name or its typed reference. */
export type TaskName = string | { readonly name: string };

/** What a test sees and does: what was submitted, when it runs, what stands in for it. */
export class TestTasks {
  constructor(
    /** By which tasks are due and expire. It stands still until it is moved. */
    readonly clock: FakeClock,
    private readonly store: MemoryStore,
    private readonly worker: TestWorker,
    private readonly registry: TaskRegistry,
    private readonly scheduler: Scheduler,
  ) {}

  /** Everything submitted, or that of one task, in the order of submission, as it now is. */
  submitted(task?: TaskName): TaskRecord[] {
    const name = task === undefined ? undefined : this.nameOf(task);
    return [...this.store.rows.values()]
      .filter((row) => name === undefined || row.name === name)
      .map((row) => toRecord(row, this.registry));
  }

  /**
   * Fails unless the task was submitted with these arguments, and a record that has these fields. Values may be
   * matchers of jest or vitest, such as `expect.any(Number)`.
   * @returns the first record that fits
   * @throws Error that lists what was submitted
   */
  expectSubmitted(task: TaskName, args?: readonly unknown[], fields: Partial<TaskRecord> = {}): TaskRecord {
    const all = this.submitted(task);
    const found = all.find(
      (record) =>
        (args === undefined || matches(args, record.args)) &&
        Object.entries(fields).every(([field, value]) => matches(value, record[field as keyof TaskRecord])),
    );
    if (found) return found;
    const wanted = `${this.nameOf(task)}${args ? show(args) : ''}${Object.keys(fields).length > 0 ? ` with ${show(fields)}` : ''}`;
    throw new Error(`expected ${wanted} to be submitted; ${listed(all, this.submitted())}`);
  }

  /** @throws Error when the task was submitted, with these arguments if any are given */
  expectNotSubmitted(task: TaskName, args?: readonly unknown[]): void {
    const found = this.submitted(task).filter((record) => args === undefined || matches(args, record.args));
    if (found.length > 0)
      throw new Error(`expected ${this.nameOf(task)} not to be submitted; ${listed(found, found)}`);
  }

  /**
   * Runs what is ready, and what that submits, until nothing is.
   * @param options `untilEmpty` moves the clock on to delayed tasks and retries until none is left. Default false.
   */
  async drain({ untilEmpty = false }: { untilEmpty?: boolean } = {}): Promise<void> {
    await this.worker.drain(untilEmpty);
  }

  /**
   * Moves the clock on, from tick to tick of the schedules, and runs what is due by then.
   * @throws InvalidOptionError
   */
  async advance(by: Duration): Promise<void> {
    const end = this.clock.now().getTime() + toMilliseconds(by, 'advance');
    for (;;) {
      const tick = await this.scheduler.nextTick();
      if (tick === null || tick > end) break;
      this.clock.moveTo(new Date(tick));
      await this.scheduler.round();
      await this.worker.drain(false);
    }
    this.clock.moveTo(new Date(end));
    await this.worker.drain(false);
  }

  /** Runs this instead of the task's method, with the caller's arguments and the context. Guards and pipes are left out. */
  override<A extends readonly unknown[]>(
    task: string | TaskRef<A, unknown>,
    handler: (...args: [...A, TaskContext]) => unknown,
  ): void {
    this.worker.pipeline.overrides.set(this.nameOf(task), handler);
  }

  /** The tasks' own methods run again; nothing counts as submitted. */
  reset(): void {
    this.worker.pipeline.overrides.clear();
    this.store.clear();
  }

  private nameOf(task: TaskName): string {
    return typeof task === 'string' ? this.registry.get(task).name : task.name;
  }
}

function listed(those: readonly TaskRecord[], all: readonly TaskRecord[]): string {
  const records = those.length > 0 ? those : all;
  if (records.length === 0) return 'nothing was submitted';
  const lines = records.slice(0, 20).map(({ name, args, queue }) => `  ${name}${show(args)} in ${queue}`);
  return `submitted:\n${lines.join('\n')}`;
}
