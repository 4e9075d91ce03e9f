import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import {
  IdempotencyConflictError,
  ShuttingDownError,
  StoreUnavailableError,
  SubmissionUncertainError,
} from '../errors.js';
import { Batcher, bisect } from '../store/batcher.js';
import { isDataError, isTransient, wasRolledBack } from '../store/database.js';
import { ACKNOWLEDGED_EARLY } from '../store/columns.js';
import { isReady, type NewTask } from '../store/new-task.js';
import type { NewWorkflow } from '../store/new-workflow.js';
import { retrying } from '../store/retrying.js';
import type { RecordedOptions } from '../store/task-record.entity.js';
import type { Replaced, UniqueInsert } from '../store/unique-store.js';
import { noted } from '../store/ready-batch.js';
import { GIVE_UP_MS, Groundwork } from './groundwork.js';
import type { ServiceStorage } from './service-storage.js';
import type { TransactionRunner, Transactions } from './transaction-watcher.js';

const IDEMPOTENCY_TTL_MS = 24 * 3_600_000;
const LANES = 2;
const MAX_BATCH = 500;
const CAPACITY = 100_000;

/** Brings checked submissions into the table and tells the broker; resolves when they are committed. */
export class Submitter {
  private readonly batcher: Batcher<NewTask, Date | undefined>;
  readonly groundwork: Groundwork;
  private closed = false;

  constructor(
    private readonly storage: ServiceStorage,
    private readonly transactions: Transactions,
  ) {
    this.groundwork = new Groundwork(storage);
    this.batcher = new Batcher({
      what: 'submissions',
      lanes: LANES,
      maxItems: MAX_BATCH,
      capacity: CAPACITY,
      execute: (tasks, since) => this.insertBatch(tasks, since),
    });
  }

  /**
   * @returns when it was created; undefined when that is not known without a look
   * @throws StoreUnavailableError nothing was stored
   * @throws SubmissionUncertainError the task either does not exist, or runs once
   */
  async submit(task: NewTask): Promise<Date | undefined> {
    this.assertOpen();
    if (!this.groundwork.isLaidFor(task)) await this.groundwork.lay([task]);
    return this.batcher.add(task);
  }

  /** All or none, in one transaction. */
  async submitAll(tasks: readonly NewTask[]): Promise<void> {
    this.assertOpen();
    if (tasks.length === 0) return;
    await this.groundwork.lay(tasks);
    const outbox = await this.surely(tasks[0]!.id, Date.now(), (tried) =>
      this.storage.inserts.insertAll(tasks, tried),
    );
    this.announce(tasks, outbox);
  }

  /**
   * A workflow, as a whole or not at all.
   * @returns its id, or that of the one which has the key
   * @throws IdempotencyConflictError when the key was used with another workflow
   */
  async submitWorkflow(workflow: NewWorkflow, idempotencyKey?: string): Promise<string> {
    this.assertOpen();
    await this.groundwork.lay(workflow.tasks);
    const last = workflow.tasks.find((task) => task.id === workflow.id)!;
    const key = idempotencyKey && {
      key: sha256('workflow', last.owner ?? '', idempotencyKey),
      bodyHash: sha256(...workflow.tasks.flatMap(({ name, args, queue }) => [name, args, queue])),
      ttlMs: IDEMPOTENCY_TTL_MS,
    };
    const { holder, outbox } = await this.surely(workflow.id, Date.now(), (tried) =>
      this.storage.workflows.insert(workflow, tried, key || undefined),
    );
    if (key && holder !== undefined && !holder.bodyHash.equals(key.bodyHash))
      throw new IdempotencyConflictError(holder.id);
    if (holder === undefined || holder.id === workflow.id) this.announce(workflow.tasks, outbox);
    return holder?.id ?? workflow.id;
  }

  /** The same in the caller's transaction. */
  async submitWorkflowWithin(manager: EntityManager, workflow: NewWorkflow): Promise<TransactionRunner> {
    this.assertOpen();
    const runner = this.transactions.runnerOf(manager);
    await this.groundwork.lay(workflow.tasks);
    const outbox = await this.storage.workflows.insertWithin(
      { run: async (statement, values) => (await runner.query(statement.text, values)) as never },
      workflow,
    );
    this.transactions.afterCommit(runner, () => this.announce(workflow.tasks, outbox));
    return runner;
  }

  /** Tells the broker of tasks that are committed. */
  announce(tasks: readonly NewTask[], outbox: readonly string[]): void {
    this.storage.relay.send({ tasks: tasks.filter(isReady), outbox });
    for (const task of tasks) {
      if (isReady(task) || task.waitingOn !== null) continue;
      if (task.delayMs !== null) this.storage.channel.due(task.delayMs);
      else if (task.eta !== null) this.storage.channel.due(Math.max(0, Date.parse(task.eta) - Date.now()));
      else this.storage.channel.gated();
    }
  }

  /** Inserts in the caller's transaction; the broker hears of it when that has committed. */
  async submitWithin(manager: EntityManager, tasks: readonly NewTask[]): Promise<TransactionRunner> {
    this.assertOpen();
    const runner = this.transactions.runnerOf(manager);
    await this.groundwork.lay(tasks);
    const { text, values } = this.storage.inserts.insertStatement(tasks);
    const rows = (await runner.query(text, values)) as { outbox?: string }[];
    this.transactions.afterCommit(runner, () => this.announce(tasks, noted(rows)));
    return runner;
  }

  /**
   * Submits unless the key was used before for the same task and owner.
   * @returns the id of the task that has the key
   * @throws IdempotencyConflictError when it was used with another body
   */
  async submitOnce(task: NewTask, idempotencyKey: string): Promise<string> {
    this.assertOpen();
    await this.groundwork.lay([task]);
    const key = sha256('idempotency', task.owner ?? '', task.name, idempotencyKey);
    const bodyHash = sha256(
      task.args,
      task.queue,
      String(task.priority),
      task.tags ?? '',
      ownOptions(task),
      task.eta ?? '',
      String(task.delayMs),
      task.expires ?? '',
      String(task.lifetimeMs),
      String(task.flags & ACKNOWLEDGED_EARLY),
    );
    const { holder, outbox } = await this.surely(task.id, Date.now(), () =>
      this.storage.inserts.insertKeyed(task, { key, bodyHash, ttlMs: IDEMPOTENCY_TTL_MS }),
    );
    if (holder !== undefined && !holder.bodyHash.equals(bodyHash))
      throw new IdempotencyConflictError(holder.id);
    // our own id: an earlier try was stored after all
    if (holder === undefined || holder.id === task.id) this.announce([task], outbox);
    return holder?.id ?? task.id;
  }

  /**
   * Submits tasks of which some must be the only ones of the same, all or none.
   * @returns an id for each, and the tasks that were revoked for them
   * @throws UniqueConflictError
   */
  async submitUnique(tasks: readonly NewTask[]): Promise<Pick<UniqueInsert, 'ids' | 'replaced'>> {
    this.assertOpen();
    await this.groundwork.lay(tasks);
    const inserted = await this.surely(tasks[0]!.id, Date.now(), (tried) =>
      this.storage.unique.insert(tasks, tried),
    );
    this.announce(
      tasks.filter((task, i) => inserted.ids[i] === task.id),
      inserted.outbox,
    );
    this.revoked(inserted.replaced);
    return inserted;
  }

  /** Accepts nothing more; resolves when all that was accepted is stored or refused. */
  async close(): Promise<void> {
    this.closed = true;
    await this.batcher.drained();
  }

  private assertOpen(): void {
    if (this.closed) throw new ShuttingDownError();
  }

  private async insertBatch(
    tasks: readonly NewTask[],
    since: number,
  ): Promise<readonly (Date | undefined | Error)[]> {
    const outbox: string[] = [];
    const results = await bisect<NewTask, Date | undefined>(tasks, isDataError, async (part) => {
      try {
        const inserted = await this.surely(part[0]!.id, since, (tried) =>
          this.storage.inserts.insert(part, tried),
        );
        outbox.push(...inserted.outbox);
        const createdAt = inserted.createdAt === undefined ? undefined : new Date(inserted.createdAt);
        return part.map(() => createdAt);
      } catch (error) {
        if (isDataError(error)) throw error;
        // of this part alone: another one may be stored
        return part.map((task) =>
          error instanceof SubmissionUncertainError
            ? new SubmissionUncertainError(task.id, { cause: error.cause })
            : (error as Error),
        );
      }
    });
    this.announce(
      tasks.filter((_, i) => !(results[i] instanceof Error)),
      outbox,
    );
    return results;
  }

  /** Tries an idempotent insert until it is known to be stored, or the database stays away. */
  private async surely<T>(id: string, since: number, insert: (again: boolean) => Promise<T>): Promise<T> {
    let maybeStored = false;
    try {
      return await retrying({ until: since + GIVE_UP_MS }, async () => {
        try {
          return await insert(maybeStored);
        } catch (error) {
          maybeStored ||= isTransient(error) && !wasRolledBack(error);
          throw error;
        }
      });
    } catch (error) {
      if (maybeStored) throw new SubmissionUncertainError(id, { cause: error });
      if (isTransient(error) && !(error instanceof StoreUnavailableError))
        throw new StoreUnavailableError(`the database cannot be reached: ${(error as Error).message}`, {
          cause: error,
        });
      throw error;
    }
  }

  /** Tells who listens to tasks that were revoked for others. */
  revoked(replaced: readonly Replaced[]): void {
    this.storage.channel.changed(replaced.map((task) => task.id));
  }
}

/** What the caller said, and not what the request or the limits add. */
function ownOptions({ options }: NewTask): string {
  if (options === null) return '';
  const { headers: _headers, gates: _gates, ...own } = JSON.parse(options) as RecordedOptions;
  return Object.keys(own).length === 0 ? '' : JSON.stringify(own);
}

/** Lengths go in too, so that no two lists of parts look alike. */
function sha256(...parts: string[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest();
}
