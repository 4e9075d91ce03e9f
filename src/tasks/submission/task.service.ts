import { Injectable } from '@nestjs/common';
import { describeTask } from '../definition/describe-task.js';
import { createReferences } from '../definition/create-references.js';
import type { TaskDescription } from '../definition/task-definition.js';
import type { TaskClass, TaskRefs } from '../definition/task-references.js';
import { TaskRegistry } from '../definition/task-registry.js';
import { assertTaskName } from '../definition/task-name.js';
import {
  InvalidOptionError,
  ShuttingDownError,
  SubmissionUncertainError,
  TaskNotFoundError,
  TaskStateError,
} from '../errors.js';
import type { TaskState } from '../store/states.js';
import type { Storage } from '../store/storage.js';
import type { TaskFilter } from '../store/task-reader.js';
import type { ResolvedTasksOptions } from '../tasks.options.js';
import { composeMany, composeTask, type Submission } from './compose-task.js';
import { followTask } from './follow-task.js';
import { assertPage, type Page } from './page.js';
import { acceptedRow } from './accepted-row.js';
import { QueueLimits } from './queue-limits.js';
import { ResultListener } from './result-listener.js';
import type { SubmitOptions } from './submit-options.js';
import { Submitter } from './submitter.js';
import { TaskHandle } from './task-handle.js';
import { historyOf, type HistoryEntry } from './task-history.js';
import { assertTaskId } from './task-id.js';
import { toRecord, type TaskRecord } from './task-view.js';
import { TransactionWatcher } from './transaction-watcher.js';

/** Whose tasks are seen: others are not found. */
export interface Scope {
  owner?: string | undefined;
}

/** How the parts are that tasks go through. */
export interface TasksHealth {
  database: { up: true };
  /** `since` is ISO 8601; `reason` says why it cannot be used, or is null. */
  broker: { kind: string; up: boolean; since: string; reason: string | null };
  /** Batches of submissions that the broker has not been told of yet; null where there is nothing to tell. */
  unpublished: { batches: number; oldestMs: number } | null;
}

/** Submits tasks and asks about them. */
@Injectable()
export class TaskService {
  private readonly references = new WeakMap<object, object>();
  private readonly submitter: Submitter;
  private readonly results: ResultListener;
  private readonly limits: QueueLimits | undefined;
  private shuttingDown = false;

  constructor(
    private readonly storage: Storage,
    private readonly registry: TaskRegistry,
    private readonly options: ResolvedTasksOptions,
    application: ConstructorParameters<typeof TransactionWatcher>[0],
  ) {
    const { store, relay, channel, reader } = storage;
    this.submitter = new Submitter(store, relay, channel, new TransactionWatcher(application));
    this.results = new ResultListener(channel, reader);
    if (options.queueLimits.size > 0) this.limits = new QueueLimits(options.queueLimits, store);
  }

  /** The tasks of a class, typed; also in a process that does not provide the class. */
  of<T>(taskClass: TaskClass<T>): TaskRefs<T> {
    let references = this.references.get(taskClass);
    if (!references) {
      references = createReferences(taskClass, (description, args, options) =>
        this.submitTask(description, args, options),
      );
      this.references.set(taskClass, references);
    }
    return references as TaskRefs<T>;
  }

  /**
   * Submits by name; resolves when the task is committed.
   * @throws UnknownTaskError, InvalidOptionError, NotSerializableError: nothing was submitted
   * @throws StoreUnavailableError, OverloadedError, QueueFullError, ShuttingDownError: nothing was submitted, try again later
   * @throws SubmissionUncertainError: it does not exist, or it runs once
   */
  async submit<R = unknown>(
    name: string,
    args: readonly unknown[] = [],
    options: SubmitOptions = {},
  ): Promise<TaskHandle<R>> {
    return this.submitTask<R>(this.describe(name), args, options);
  }

  /** Submits, and gives the record as it was accepted. @throws as {@link submit} */
  async accept(
    name: string,
    args: readonly unknown[] = [],
    options: Omit<SubmitOptions, 'manager'> = {},
  ): Promise<TaskRecord> {
    const row = composeTask(this.describe(name), args, options);
    await this.limits?.admit([row]);
    const { idempotencyKey } = options;
    if (idempotencyKey !== undefined)
      return this.accepted(await this.submitter.submitOnce(row, idempotencyKey));
    const createdAt = await this.submitter.submit(row);
    const stored = createdAt && acceptedRow(row, createdAt);
    return stored ? toRecord(stored, this.registry) : this.accepted(row.id);
  }

  /** Submits all or none, in one transaction. @throws as {@link submit}, with the place of the mistake: `[3].priority` */
  async submitMany(
    submissions: readonly Submission[],
    options: Pick<SubmitOptions, 'manager'> = {},
  ): Promise<TaskHandle[]> {
    const tasks = composeMany(submissions, (name) => this.describe(name));
    await this.limits?.admit(tasks);
    if (!options.manager) {
      await this.submitter.submitAll(tasks);
      return tasks.map((task) => new TaskHandle(task.id, this));
    }
    const runner = await this.submitter.submitWithin(options.manager, tasks);
    return tasks.map((task) => new TaskHandle(task.id, this, () => runner.isTransactionActive));
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

  /** A page of tasks, newest first, without arguments and results unless asked for. @throws InvalidOptionError */
  async list(
    filter: TaskFilter = {},
    page: Page = {},
  ): Promise<{ items: TaskRecord[]; nextCursor: string | null }> {
    const { limit, cursor } = assertPage(page);
    const { sort, include } = page;
    const rows = await this.storage.reader.list(filter, { limit, after: cursor, sort, include });
    const items = rows.map((row) => toRecord(row, this.registry));
    return { items, nextCursor: rows.length === limit ? items.at(-1)!.id : null };
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

  /** How many tasks are in each state; each count stops at 10,000. */
  counts(): Promise<Record<TaskState, number>> {
    return this.storage.reader.counts();
  }

  /**
   * Revokes: one that nobody runs ends at once; one that runs has its signal aborted, and is written off after
   * `revokeGrace`. With `terminate` it is written off at once, whatever its handler still does.
   * @throws TaskNotFoundError, or TaskStateError when it has ended
   */
  async revoke(id: string, options: { terminate?: boolean; by?: string } = {}): Promise<TaskRecord> {
    const { store, channel } = this.storage;
    const [revoked] = await store.revoke(
      [assertTaskId(id)],
      options.terminate ?? false,
      this.options.revokeGraceMs,
      options.by ?? null,
    );
    const record = await this.record(id);
    if (!revoked) throw new TaskStateError(id, record.state, 'revoked');
    channel.revoked([id]);
    channel.changed([id]);
    return record;
  }

  /**
   * Makes a failed or revoked task live again, under its id and with fresh budgets.
   * @throws TaskNotFoundError, or TaskStateError in any other state
   */
  async retry(id: string, options: { by?: string } = {}): Promise<TaskRecord> {
    const { store, channel, relay } = this.storage;
    const ready = await store.retryFinished(assertTaskId(id), options.by ?? null);
    const record = await this.record(id);
    if (ready.tasks.length === 0) throw new TaskStateError(id, record.state, 'retried');
    channel.changed([id]);
    relay.send(ready);
    return record;
  }

  /** Removes the record of a task that has ended. @throws TaskNotFoundError, or TaskStateError while it is live */
  async forget(id: string, options: { by?: string } = {}): Promise<void> {
    if (await this.storage.store.forget(assertTaskId(id), options.by ?? null)) return;
    throw new TaskStateError(id, (await this.record(id)).state, 'forgotten');
  }

  /** Whether one of the tasks waits in this queue, anything was ever submitted to it, or a worker took from it. */
  async knowsQueue(queue: string): Promise<boolean> {
    return this.registry.queues().includes(queue) || this.submitter.knowsQueue(queue);
  }

  /**
   * Whether tasks can be accepted, and how the broker is: while it is away they wait in the database.
   * @throws ShuttingDownError, StoreUnavailableError, or what the driver throws when the database does not answer
   */
  async health(): Promise<TasksHealth> {
    if (this.shuttingDown) throw new ShuttingDownError();
    const { broker, relayStore, tables } = this.storage;
    const { batches, ms } = await relayStore.outboxLag();
    const { up, since, reason } = broker.status;
    return {
      database: { up: true },
      broker: { kind: broker.kind, up, since: since.toISOString(), reason },
      unpublished: tables.relayed ? { batches, oldestMs: Math.round(ms) } : null,
    };
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
    await this.submitter.close();
    this.results.close();
  }

  private async submitTask<R>(
    task: TaskDescription,
    args: readonly unknown[],
    options: SubmitOptions,
  ): Promise<TaskHandle<R>> {
    const row = composeTask(task, args, options);
    await this.limits?.admit([row]);
    if (options.manager) {
      if (options.idempotencyKey !== undefined)
        throw new InvalidOptionError(
          'idempotencyKey',
          'no manager beside it: a key needs a transaction of its own',
          'both',
        );
      const runner = await this.submitter.submitWithin(options.manager, [row]);
      return new TaskHandle<R>(row.id, this, () => runner.isTransactionActive);
    }
    if (options.idempotencyKey !== undefined)
      return new TaskHandle<R>(await this.submitter.submitOnce(row, options.idempotencyKey), this);
    await this.submitter.submit(row);
    return new TaskHandle<R>(row.id, this);
  }

  /** It was accepted: an error without its id would make the caller submit it again. */
  private accepted(id: string): Promise<TaskRecord> {
    return this.record(id).catch((cause: unknown) => {
      throw new SubmissionUncertainError(id, { cause });
    });
  }

  private describe(name: string): TaskDescription {
    const definition = this.registry.find(name);
    if (definition) return definition;
    if (!this.options.allowUnknownTasks || typeof name !== 'string') return this.registry.get(name);
    assertTaskName(name, `submit('${name.slice(0, 80)}')`);
    return { ...describeTask({ [name]: () => undefined }, '', name, { name }), maxArguments: undefined };
  }
}
