import { Injectable } from '@nestjs/common';
import type { Dependents } from '../control/dependents.js';
import { createReferences } from '../definition/create-references.js';
import type { TaskClass, TaskRefs } from '../definition/task-references.js';
import { TaskRegistry } from '../definition/task-registry.js';
import { ShuttingDownError, TaskNotFoundError } from '../errors.js';
import type { TaskEventBus } from '../events/event-bus.js';
import type { LogLine } from '../store/log-store.js';
import type { TaskState } from '../store/states.js';
import type { LiveFilter, TaskFilter } from '../store/task-filter.js';
import type { ResolvedTasksOptions } from '../tasks.options.js';
import type { Submission } from './compose-task.js';
import { followTask } from './follow-task.js';
import { Operator } from './operator.js';
import { assertPage, type Page } from './page.js';
import type { Placed, Producer } from './producer.js';
import { ResultListener } from './result-listener.js';
import type { ServiceStorage } from './service-storage.js';
import type { Client, SubmitOptions } from './submit-options.js';
import { actOnMany, type BulkAction, type BulkOptions, type BulkResult } from './bulk-action.js';
import { revokeLive } from './revoke-live.js';
import { TaskHandle } from './task-handle.js';
import { historyOf, type HistoryEntry } from './task-history.js';
import { assertTaskId } from './task-id.js';
import { toRecord, type TaskRecord } from './task-view.js';
import { watchChanges } from './watch-changes.js';
import { healthOf, type TasksHealth } from './tasks-health.js';
import { withoutRecord } from './without-record.js';
import { Workflows } from '../workflow/workflows.js';

/** Whose tasks are seen: others are not found. */
export interface Scope {
  owner?: string | undefined;
}

/** Submits tasks and asks about them. */
@Injectable()
export class TaskService {
  private readonly references = new WeakMap<object, object>();
  private readonly results: ResultListener;
  private readonly operator: Operator;
  private shuttingDown = false;
  /** Tasks that wait for each other: chains, groups, graphs. */
  readonly workflows: Workflows;

  constructor(
    private readonly storage: ServiceStorage,
    private readonly registry: TaskRegistry,
    private readonly options: ResolvedTasksOptions,
    private readonly producer: Producer,
    private readonly bus: TaskEventBus,
    private readonly dependents: Dependents,
  ) {
    this.workflows = new Workflows(storage, registry, options, producer, dependents, this);
    this.results = new ResultListener(storage.channel, storage.reader);
    this.operator = new Operator({ storage, options, producer, bus, dependents, service: this });
  }

  /** The tasks of a class, typed; also in a process that does not provide the class. */
  of<T>(taskClass: TaskClass<T>): TaskRefs<T> {
    let references = this.references.get(taskClass);
    if (!references) {
      references = createReferences(
        taskClass,
        async (description, args, options) =>
          this.handleOf(await this.producer.submit(description, args, options)),
        this.options.taskDefaults,
        this.workflows,
        (task) => this.registry.mention(task),
      );
      this.references.set(taskClass, references);
    }
    return references as TaskRefs<T>;
  }

  /**
   * Submits by name; resolves when the task is committed.
   * @throws UnknownTaskError, InvalidOptionError, InvalidArgumentError, NotSerializableError: nothing was submitted
   * @throws StoreUnavailableError, OverloadedError, QueueFullError, ShuttingDownError: nothing was submitted, try again later
   * @throws SubmissionUncertainError: it does not exist, or it runs once
   */
  async submit<R = unknown>(
    name: string,
    args: readonly unknown[] = [],
    options: SubmitOptions = {},
  ): Promise<TaskHandle<R>> {
    return this.handleOf(await this.producer.submit(this.producer.describe(name), args, options));
  }

  /** Submits, and gives the record as it was accepted. @throws as {@link submit}; TaskNotFoundError: its key's task has ended, and the record is gone */
  async accept(
    name: string,
    args: readonly unknown[] = [],
    options: Omit<SubmitOptions, 'manager'> = {},
    { clientHeaders }: Client = {},
  ): Promise<TaskRecord> {
    const task = this.producer.describe(name);
    const { id, row } = await this.producer.submit(task, args, options, clientHeaders);
    if (row) return toRecord(row, this.registry);
    return this.record(id).catch((cause: unknown) => {
      throw withoutRecord(id, cause);
    });
  }

  /** Submits all or none, in one transaction. @throws as {@link submit}, with the place of the mistake: `[3].priority` */
  async submitMany(
    submissions: readonly Submission[],
    { manager, clientHeaders }: Pick<SubmitOptions, 'manager'> & Client = {},
  ): Promise<TaskHandle[]> {
    const placed = await this.producer.submitMany(submissions, manager, clientHeaders);
    return placed.map((each) => this.handleOf(each));
  }

  /** The handle of a task submitted before. Whether it exists shows when it is asked. */
  handle<R = unknown>(id: string): TaskHandle<R> {
    return new TaskHandle<R>(assertTaskId(id), this);
  }

  /** @throws TaskNotFoundError */
  async record(id: string, { owner }: Scope = {}): Promise<TaskRecord> {
    const row = await this.storage.reader.find(assertTaskId(id), owner);
    if (!row) throw new TaskNotFoundError(id);
    return toRecord(row, this.registry);
  }

  /**
   * Waits until the task has ended, at most `timeoutMs` (default: for ever), or until the signal is aborted or the
   * application closes.
   * @returns the record as it then is
   * @throws TaskNotFoundError
   */
  async waitFor(id: string, timeoutMs?: number, signal?: AbortSignal): Promise<TaskRecord> {
    const row = await this.results.ended(assertTaskId(id), timeoutMs, signal);
    if (!row) throw new TaskNotFoundError(id);
    return toRecord(row, this.registry);
  }

  /**
   * The record now, then after each change, until the task's end, or until the signal is aborted or the application
   * closes.
   * @throws TaskNotFoundError
   */
  async *events(id: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<TaskRecord, void> {
    const read = async () => {
      const row = await this.storage.reader.find(id);
      if (!row) throw new TaskNotFoundError(id);
      return row;
    };
    for await (const row of followTask(this.results, assertTaskId(id), read, signal))
      yield toRecord(row, this.registry);
  }

  /**
   * Calls with the ids of tasks that change, here and in other processes, and with undefined when some do that are not
   * listed: too many at once, new ones, or any while the connection was lost.
   * @returns stops it
   */
  watch(hear: (ids: readonly string[] | undefined) => void): () => void {
    return watchChanges(this.storage.channel, hear);
  }

  /** As in a list: without arguments and results; unknown ids are missing. */
  async briefly(ids: readonly string[]): Promise<TaskRecord[]> {
    return (await this.storage.reader.briefly(ids)).map((row) => toRecord(row, this.registry));
  }

  /** A page of tasks, newest first, without arguments and results unless asked for. @throws InvalidOptionError */
  async list(
    filter: TaskFilter = {},
    page: Page = {},
  ): Promise<{ items: TaskRecord[]; nextCursor: string | null }> {
    const { limit, cursor } = assertPage(page);
    const { sort, include } = page;
    const { rows, next } = await this.storage.reader.list(filter, { limit, after: cursor, sort, include });
    return { items: rows.map((row) => toRecord(row, this.registry)), nextCursor: next };
  }

  /** What happened to it, oldest first. @throws TaskNotFoundError */
  async history(id: string): Promise<HistoryEntry[]> {
    const record = await this.record(id);
    const [attempts, audit] = await Promise.all([
      this.storage.reader.attempts(id),
      this.storage.reader.audit(id),
    ]);
    return historyOf(record, attempts, audit);
  }

  /** What it logged by `ctx.logger`, oldest first, of every attempt. @throws TaskNotFoundError */
  async logs(id: string): Promise<LogLine[]> {
    const lines = await this.storage.logs.of(assertTaskId(id));
    if (lines.length === 0) await this.record(id);
    return lines;
  }

  /** How many tasks fit, counted up to 10,001. */
  count(filter: TaskFilter): Promise<number> {
    return this.storage.reader.count(filter);
  }

  /**
   * Revokes, retries or forgets the tasks that fit and to which it can be done, at most 10,000 at once.
   * @throws InvalidOptionError without any condition
   */
  bulk(action: BulkAction, filter: TaskFilter, options: BulkOptions = {}): Promise<BulkResult> {
    return actOnMany(this.operator, this.storage.reader, action, filter, options);
  }

  /** How many tasks are in each state; each count stops at 10,000. */
  counts(): Promise<Record<TaskState, number>> {
    return this.storage.reader.counts();
  }

  /**
   * Revokes: one that nobody runs ends at once; one that runs has its signal aborted, and is written off after
   * `revokeGrace`. With `terminate` it is written off at once, whatever its handler still does.
   * @throws TaskNotFoundError, or TaskStateError when it has ended
   */
  revoke(id: string, options: { terminate?: boolean; by?: string } = {}): Promise<TaskRecord> {
    return this.operator.revoke(id, options);
  }

  /**
   * Revokes every live task that fits, in batches, each as {@link revoke}; at least one condition must be given. What is
   * submitted meanwhile may be missed.
   * @returns how many were ended at once, and of how many the workers were asked
   * @throws InvalidOptionError
   */
  async revokeMany(
    filter: LiveFilter,
    options: { terminate?: boolean; by?: string } = {},
  ): Promise<{ ended: number; asked: number }> {
    return revokeLive(this.storage, this.bus, this.dependents, filter, {
      terminate: options.terminate ?? false,
      graceMs: this.options.revokeGraceMs,
      by: options.by ?? null,
    });
  }

  /**
   * Makes a failed or revoked task live again, under its id and with fresh budgets.
   * @throws TaskNotFoundError, or TaskStateError in any other state
   */
  retry(id: string, options: { by?: string } = {}): Promise<TaskRecord> {
    return this.operator.retry(id, options);
  }

  /** Removes the record of a task that has ended. @throws TaskNotFoundError, or TaskStateError while it is live */
  forget(id: string, options: { by?: string } = {}): Promise<void> {
    return this.operator.forget(id, options);
  }

  /** Whether it is one of `forRoot({ queues })`, one of the tasks waits in it, anything was ever submitted to it, or a worker took from it. */
  knowsQueue(queue: string): Promise<boolean> {
    return this.producer.knowsQueue(queue);
  }

  /**
   * Whether tasks can be accepted, and how the broker is: while it is away they wait in the database.
   * @throws ShuttingDownError, StoreUnavailableError, or what the driver throws when the database does not answer
   */
  async health(): Promise<TasksHealth> {
    if (this.shuttingDown) throw new ShuttingDownError();
    return healthOf(this.storage);
  }

  /** How many tasks are waited for or listened to here. */
  get watched(): number {
    return this.results.size;
  }

  /** Whether the process is about to end: what comes from outside is refused, tasks that still run may submit others. */
  get isShuttingDown(): boolean {
    return this.shuttingDown;
  }

  /** From now on {@link isShuttingDown}, and {@link health} fails, so that load balancers look elsewhere. */
  beginShutdown(): void {
    this.shuttingDown = true;
  }

  /**
   * Accepts nothing more, lets go who waits or listens; resolves when what was accepted is committed. Called when the
   * application closes.
   */
  async close(): Promise<void> {
    this.beginShutdown();
    await this.producer.close();
    this.results.close();
  }

  private handleOf<R>({ id, uncommitted }: Placed): TaskHandle<R> {
    return new TaskHandle<R>(id, this, uncommitted);
  }
}
