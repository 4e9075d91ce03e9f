import { Logger } from '@nestjs/common';
import { Periodic } from '../control/periodic.js';
import type { TaskRegistry } from '../definition/task-registry.js';
import { allInOrder, isTransient } from '../store/database.js';
import type { NewTask } from '../store/new-task.js';
import type { DueSchedule, Tick } from '../store/schedule-store.js';
import type { TaskChannel } from '../store/task-channel.js';
import type { Producer } from '../submission/producer.js';
import { planTick } from './plan-tick.js';
import type { ScheduleReconciler } from './schedule-reconciler.js';
import type { ScheduleSpec } from './schedule-spec.js';
import type { ScheduleStorage } from './schedule-storage.js';
import { jitterOf, tickId } from './tick-id.js';
import { jitterMsOf, tickOptions } from './tick-options.js';
import { timingOf, type Timing } from './timing.js';

/** Schedules in one transaction, and tasks that they may make there together. */
const BATCH = 500;
const TASKS = 5000;
/** When there is much to do, one batch is computed here while the database writes another. */
const LANES = 2;
const POLL_MS = 5000;
/** After an error, too. */
const RETRY_MS = 500;
/** Ticks that wait for a task to end look again this often. */
const HELD_POLL_MS = 250;
const DECLARE_MS = 3_600_000;

export interface SchedulerOptions {
  readonly storage: ScheduleStorage;
  readonly channel: Pick<TaskChannel, 'on' | 'off'>;
  readonly producer: Producer;
  readonly registry: TaskRegistry;
  readonly reconciler: ScheduleReconciler;
  /** Of crontabs that name none. */
  readonly timezone: string;
  /** Whether schedules of tasks that this process does not have tick here too. */
  readonly allowUnknownTasks: boolean;
}

/**
 * Makes tasks of ticks. Every worker has one, and none leads: whoever locks a schedule that is due moves it on and
 * inserts its task in the same transaction, by the database's clock.
 */
export class Scheduler {
  private readonly logger = new Logger('Tasks');
  /** Names of schedules that cannot be read here. */
  private readonly unreadable = new Set<string>();
  private leftOut = false;
  private readonly ticks: Periodic;
  private readonly declarations: Periodic;
  private readonly wake = () => this.ticks.wake();

  constructor(private readonly options: SchedulerOptions) {
    this.ticks = new Periodic('schedules wait', RETRY_MS, () => this.round());
    this.declarations = new Periodic('schedules are not declared', DECLARE_MS, () =>
      options.reconciler.declare(),
    );
  }

  start(): void {
    this.options.channel.on('schedules', this.wake);
    this.options.channel.on('reconnected', this.wake);
    this.ticks.start();
    this.declarations.start();
  }

  async stop(): Promise<void> {
    this.options.channel.off('schedules', this.wake);
    this.options.channel.off('reconnected', this.wake);
    await Promise.all([this.ticks.stop(), this.declarations.stop()]);
  }

  /** @returns how long until the next tick */
  async round(): Promise<number> {
    const { storage } = this.options;
    const known = this.known();
    this.leftOut = false;
    let { ms, held } = await storage.nextDue(known);
    if (ms !== null && ms <= 0) {
      let more = await this.batch(known);
      const lane = async () => {
        while (more) more = await this.batch(known);
      };
      await allInOrder(Array.from({ length: LANES }, lane));
      ({ ms, held } = await storage.nextDue(known));
    }
    const soonest = this.leftOut ? HELD_POLL_MS : 1;
    return Math.min(held ? HELD_POLL_MS : POLL_MS, Math.max(soonest, Math.ceil(ms ?? POLL_MS)));
  }

  /** @returns whether there may be more */
  private async batch(known: readonly string[] | null): Promise<boolean> {
    const { storage, producer } = this.options;
    const { due, tasks, outbox, replaced } = await storage.tick(known, BATCH, (rows) => this.plan(rows));
    producer.announce(tasks, outbox, replaced);
    return due === BATCH;
  }

  /** When the next tick is that waits for nothing but its time. */
  async nextTick(): Promise<number | null> {
    const { storage } = this.options;
    const { ms } = await storage.nextDue(this.known());
    return ms === null ? null : (await storage.now()) + ms;
  }

  private async plan(rows: readonly DueSchedule[]): Promise<Tick[]> {
    const most = Math.max(1, Math.floor(TASKS / rows.length));
    const ticks: Tick[] = [];
    for (const schedule of rows) {
      const spec = schedule.spec as ScheduleSpec;
      const timing = this.timing(schedule, spec);
      if (!timing) continue;
      const { next: due, now, live } = schedule;
      const plan = planTick(spec, timing, { due, now, live, most });
      if (!plan) continue;
      const { make, next, skipped } = plan;
      try {
        const tasks: NewTask[] = [];
        for (const tick of make) tasks.push(await this.draft(schedule, spec, tick));
        await this.options.producer.prepare(tasks);
        ticks.push({ schedule, tasks, ran: make.at(-1) ?? null, next, skipped, error: null });
      } catch (cause) {
        if (isTransient(cause)) throw cause;
        const error = cause instanceof Error ? cause.message : String(cause);
        this.logger.warn(`schedule '${schedule.name}' has made no task at its tick: ${error}`);
        // one that is to run once has not
        ticks.push({
          schedule,
          tasks: [],
          ran: null,
          next: next ?? timing.next(now) ?? null,
          skipped,
          error,
        });
      }
    }
    return ticks;
  }

  /** Undefined where this process cannot read it, as a zone of an ICU newer than its own: others may, and tick. */
  private timing({ name, anchor }: DueSchedule, spec: ScheduleSpec): Timing | undefined {
    try {
      return timingOf(spec, anchor, this.options.timezone);
    } catch (cause) {
      this.leftOut = true;
      if (!this.unreadable.has(name))
        this.logger.warn(
          `schedule '${name}' does not tick here, for it cannot be read: ${(cause as Error).message}`,
        );
      this.unreadable.add(name);
      return undefined;
    }
  }

  private async draft(
    { id: scheduleId, name }: DueSchedule,
    spec: ScheduleSpec,
    tick: number,
  ): Promise<NewTask> {
    const id = tickId(scheduleId, tick);
    const options = tickOptions(spec, name, tick, jitterOf(id, jitterMsOf(spec)));
    const task = await this.options.producer.draft(spec.task, spec.args ?? [], options, id);
    const { unique } = task;
    // nobody is there to be told of a conflict
    return unique?.onConflict === 'refuse'
      ? { ...task, unique: { ...unique, onConflict: 'existing' } }
      : task;
  }

  /** The tasks of this process: what it does not have it could not submit with the right options. */
  private known(): readonly string[] | null {
    const { registry, allowUnknownTasks } = this.options;
    return allowUnknownTasks ? null : registry.all().flatMap(({ name, aliases }) => [name, ...aliases]);
  }
}
