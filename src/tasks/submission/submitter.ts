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
import { retrying } from '../store/retrying.js';
import type { RecordedOptions } from '../store/task-record.entity.js';
import type { UniqueInsert } from '../store/unique-store.js';
import type { Gate } from '../definition/limits.js';
import { noted } from '../store/task-store.js';
import type { ServiceStorage } from './service-storage.js';
import type { TransactionRunner, Transactions } from './transaction-watcher.js';

/** While the database cannot be reached a submission waits this long before it is refused. */
const GIVE_UP_MS = 1200;
/** Less than what unused gates are kept for. */
const TRUST_GATES_MS = 600_000;
const MAX_KNOWN_GATES = 10_000;
const IDEMPOTENCY_TTL_MS = 24 * 3_600_000;
const LANES = 2;
const MAX_BATCH = 500;
const CAPACITY = 100_000;

/** Brings checked submissions into the table and tells the broker; resolves when they are committed. */
export class Submitter {
  private readonly batcher: Batcher<NewTask, Date | undefined>;
  private readonly knownQueues = new Set<string>();
  /** Gates that are known with these limits, and until when that is trusted. */
  private readonly knownGates = new Map<string, number>();
  private closed = false;

  constructor(
    private readonly storage: ServiceStorage,
    private readonly transactions: Transactions,
  ) {
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
    if (!this.knownQueues.has(task.queue) || task.gates.length > 0) await this.prepare([task]);
    return this.batcher.add(task);
  }

  /** Whether anything was ever submitted to the queue, or a worker has taken from it. */
  async knowsQueue(queue: string): Promise<boolean> {
    if (!this.knownQueues.has(queue))
      for (const { name } of await this.storage.store.knownQueues()) this.knownQueues.add(name);
    return this.knownQueues.has(queue);
  }

  /** All or none, in one transaction. */
  async submitAll(tasks: readonly NewTask[]): Promise<void> {
    this.assertOpen();
    if (tasks.length === 0) return;
    await this.prepare(tasks);
    const outbox = await this.surely(tasks[0]!.id, Date.now(), (tried) =>
      this.storage.inserts.insertAll(tasks, tried),
    );
    this.announce(tasks, outbox);
  }

  /** Inserts in the caller's transaction; the broker hears of it when that has committed. */
  async submitWithin(manager: EntityManager, tasks: readonly NewTask[]): Promise<TransactionRunner> {
    this.assertOpen();
    const runner = this.transactions.runnerOf(manager);
    await this.prepare(tasks);
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
    await this.prepare([task]);
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
    await this.prepare(tasks);
    const inserted = await this.surely(tasks[0]!.id, Date.now(), (tried) =>
      this.storage.unique.insert(tasks, tried),
    );
    this.announce(
      tasks.filter((task, i) => inserted.ids[i] === task.id),
      inserted.outbox,
    );
    this.storage.channel.changed(inserted.replaced.map((task) => task.id));
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
        if (!(error instanceof SubmissionUncertainError)) throw error;
        return part.map((task) => new SubmissionUncertainError(task.id, { cause: error.cause }));
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

  private announce(tasks: readonly NewTask[], outbox: readonly string[]): void {
    this.storage.relay.send({ tasks: tasks.filter(isReady), outbox });
    for (const task of tasks) {
      if (isReady(task)) continue;
      if (task.delayMs !== null) this.storage.channel.due(task.delayMs);
      else if (task.eta !== null) this.storage.channel.due(Math.max(0, Date.parse(task.eta) - Date.now()));
      else this.storage.channel.gated();
    }
  }

  /** What must be known before a row is inserted. */
  private async prepare(tasks: readonly NewTask[]): Promise<void> {
    await this.learnQueues(tasks);
    await this.ensureGates(tasks.flatMap((task) => task.gates));
  }

  /** Makes gates known that this process has not submitted to for a while. */
  async ensureGates(gates: readonly Gate[]): Promise<void> {
    const now = Date.now();
    const unknown = new Map<string, Gate>();
    for (const gate of gates)
      if (!((this.knownGates.get(signature(gate)) ?? 0) > now)) unknown.set(gate.key, gate);
    if (unknown.size === 0) return;
    await this.orUnavailable(() => this.storage.gates.ensure([...unknown.values()]));
    if (this.knownGates.size > MAX_KNOWN_GATES) this.knownGates.clear();
    for (const gate of unknown.values()) this.knownGates.set(signature(gate), now + TRUST_GATES_MS);
  }

  /** @throws StoreUnavailableError when the database stays away */
  private orUnavailable(work: () => Promise<void>): Promise<void> {
    return retrying({ until: Date.now() + GIVE_UP_MS }, work).catch((error: unknown) => {
      if (isTransient(error))
        throw new StoreUnavailableError(`the database cannot be reached: ${(error as Error).message}`, {
          cause: error,
        });
      throw error;
    });
  }

  /** A worker without a list of queues takes from every queue ever known. */
  private async learnQueues(tasks: readonly NewTask[]): Promise<void> {
    let unknown: string[] | undefined;
    for (const { queue } of tasks) if (!this.knownQueues.has(queue)) (unknown ??= []).push(queue);
    if (!unknown) return;
    const names = [...new Set(unknown)];
    await this.orUnavailable(() => this.storage.store.knowQueues(names));
    for (const name of names) this.knownQueues.add(name);
    this.storage.channel.queues();
  }
}

const signature = ({ key, maxRunning, rate, burst }: Gate) => `${key} ${maxRunning} ${rate} ${burst}`;

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
