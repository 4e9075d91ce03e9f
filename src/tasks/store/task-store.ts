import { randomBytes } from 'node:crypto';
import type { Database } from './database.js';
import type { ClaimedTask, Execution } from './statements/claim.js';
import { deferValues, type Deferral, type DeferredRow } from './statements/defer.js';
import { finishValues, type Ending, type FinishedRow } from './statements/finish.js';
import { prepareStatements } from './prepared-statements.js';
import { escapeLike } from './task-reader.js';
import type { Tables } from './tables.js';

/** Live tasks that are meant: every given condition must hold. */
export interface LiveFilter {
  readonly ids?: readonly string[] | undefined;
  /** Exactly, or its beginning with `*` at the end: `email.*`. */
  readonly name?: string | undefined;
  readonly queue?: string | undefined;
  /** Every one of these tags must be there with this value. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly owner?: string | undefined;
}

/** What a broker is told of a ready row. */
export interface ReadyTask {
  readonly id: string;
  readonly dispatch: number;
  readonly name: string;
  readonly queue: string;
  readonly priority: number;
}

/** Rows that became ready together, with the outbox rows that name them until the broker knows. */
export interface ReadyBatch<Task extends ReadyTask = ReadyTask> {
  readonly tasks: readonly Task[];
  readonly outbox: readonly string[];
}

/** Where a claim looks, in this order, and from which `ready_at` on. */
export interface ClaimPlace {
  readonly queue: string;
  readonly priority: number;
  /** As Postgres prints it, or '-infinity'. */
  readonly from: string;
}

export interface HeldTask extends Execution {
  readonly revoked: boolean;
  readonly overdue: boolean;
}

const BY_ID = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/**
 * The few statements that move rows, one method each. Every method runs its statement once and throws what the driver
 * throws; who calls decides whether to try again.
 */
export class TaskStore {
  private readonly statements: ReturnType<typeof prepareStatements>;

  constructor(
    private readonly database: Database,
    tables: Tables,
  ) {
    this.statements = prepareStatements(tables);
  }

  /** Claims up to `limit` ready rows for the worker; fewer when there are no more. */
  async claim(
    workerId: string,
    places: readonly ClaimPlace[],
    limit: number,
    fence: string,
  ): Promise<ClaimedTask[]> {
    return this.database.run<ClaimedTask & object>(this.statements.claim, [
      workerId,
      fence,
      places.map((place) => place.queue),
      places.map((place) => place.priority),
      places.map((place) => place.from),
      limit,
    ]);
  }

  /** Claims the rows that messages name; those that somebody else holds, or that were given out anew, are missing. */
  claimById(
    workerId: string,
    messages: readonly { id: string; dispatch: number }[],
    fence: string,
  ): Promise<ClaimedTask[]> {
    const sorted = uniqueById(messages);
    return this.database.run<ClaimedTask & object>(this.statements.claimById, [
      workerId,
      fence,
      sorted.map((message) => message.id),
      sorted.map((message) => message.dispatch),
    ]);
  }

  claimedUnder(workerId: string, fence: string): Promise<ClaimedTask[]> {
    return this.database.run<ClaimedTask & object>(this.statements.claimedUnder, [workerId, fence]);
  }

  /** Ends tasks; those missing in the answer were not the caller's any more. */
  finish(endings: readonly Ending[]): Promise<FinishedRow[]> {
    const { finish, finishExpiring } = this.statements;
    return this.database.run<FinishedRow & object>(
      endings.some((ending) => ending.expires) ? finishExpiring : finish,
      finishValues(uniqueById(endings)),
    );
  }

  /** Removes finished tasks whose `resultExpires` is over. @returns how many */
  async removeExpired(limit: number): Promise<number> {
    return (await this.database.run(this.statements.removeExpired, [limit])).length;
  }

  finishedUnder(endings: readonly { id: string; fence: string }[]): Promise<FinishedRow[]> {
    return this.database.run<FinishedRow & object>(this.statements.finishedUnder, [
      endings.map((ending) => ending.id),
      endings.map((ending) => ending.fence),
    ]);
  }

  /** Notes that the worker of this lost execution came back with an outcome, which was refused. */
  async markFenced({ id, dispatch }: { id: string; dispatch: number }): Promise<void> {
    await this.database.run(this.statements.markFenced, [id, dispatch]);
  }

  defer(workerId: string, deferrals: readonly Deferral[]): Promise<DeferredRow[]> {
    return this.database.run<DeferredRow & object>(
      this.statements.defer,
      deferValues(workerId, uniqueById(deferrals)),
    );
  }

  deferredUnder(
    workerId: string,
    executions: readonly { id: string; dispatch: number }[],
  ): Promise<DeferredRow[]> {
    return this.database.run<DeferredRow & object>(this.statements.deferredUnder, [
      workerId,
      executions.map((execution) => execution.id),
      executions.map((execution) => execution.dispatch),
    ]);
  }

  /** @returns the ids still held under their fence */
  async writeProgress(
    entries: readonly { id: string; fence: string; progress: string }[],
  ): Promise<Set<string>> {
    const sorted = uniqueById(entries);
    const rows = await this.database.run<{ id: string }>(this.statements.progress, [
      sorted.map((entry) => entry.id),
      sorted.map((entry) => entry.fence),
      sorted.map((entry) => entry.progress),
    ]);
    return new Set(rows.map((row) => row.id));
  }

  /** @returns rows that are ready, and those that wait for their limits from now on */
  async promoteDue(limit: number): Promise<ReadyBatch<ReadyTask & { ready: boolean }>> {
    return readyBatch(
      await this.database.run<ReadyTask & { ready: boolean }>(this.statements.promote, [limit]),
    );
  }

  /** Milliseconds until the next task is due, or null. */
  async nextDue(): Promise<number | null> {
    const [row] = await this.database.run<{ ms: number }>(this.statements.nextDue, []);
    return row?.ms ?? null;
  }

  expire(limit: number): Promise<{ id: string; name: string; queue: string }[]> {
    return this.database.run<{ id: string; name: string; queue: string }>(this.statements.expire, [limit]);
  }

  async registerWorker(id: string, name: string, leaseMs: number, info: object): Promise<void> {
    await this.database.run(this.statements.register, [id, name, leaseMs, JSON.stringify(info)]);
  }

  async isAlive(workerId: string): Promise<boolean> {
    return (await this.database.run(this.statements.isAlive, [workerId])).length > 0;
  }

  async leave(workerId: string): Promise<void> {
    await this.database.run(this.statements.leave, [workerId]);
  }

  bury(workerId: string, leaseMs: number): Promise<{ id: string; name: string }[]> {
    return this.database.run<{ id: string; name: string }>(this.statements.bury, [workerId, leaseMs]);
  }

  /** @returns rows given out anew (`ready`), and those ended because they were lost too often or revoked */
  async rescue(limit: number, maxCrashes: number): Promise<ReadyBatch<ReadyTask & { ready: boolean }>> {
    return readyBatch(
      await this.database.run<ReadyTask & { ready: boolean }>(this.statements.rescue, [limit, maxCrashes]),
    );
  }

  heldBy(workerId: string): Promise<HeldTask[]> {
    return this.database.run<HeldTask & object>(this.statements.heldBy, [workerId]);
  }

  /** @returns which were ended at once, and which were asked of their workers; others are finished or unknown */
  revoke(
    taskIds: readonly string[],
    terminate: boolean,
    graceMs: number,
    by: string | null,
  ): Promise<{ id: string; ended: boolean }[]> {
    return this.database.run<{ id: string; ended: boolean }>(this.statements.revoke, [
      [...new Set(taskIds)].sort(),
      terminate,
      graceMs,
      by,
    ]);
  }

  /** @returns nothing when it is not to be retried */
  async retryFinished(id: string, by: string | null): Promise<ReadyBatch<ReadyTask & { ready: boolean }>> {
    return readyBatch(
      await this.database.run<ReadyTask & { ready: boolean }>(this.statements.retryFinished, [id, by]),
    );
  }

  /** Live tasks after `after`, by their ids. */
  liveTasks(
    filter: LiveFilter,
    after: string,
    limit: number,
  ): Promise<{ id: string; name: string; queue: string }[]> {
    const { name, queue, tags, owner, ids } = filter;
    return this.database.run<{ id: string; name: string; queue: string }>(this.statements.liveTasks, [
      after,
      name === undefined ? null : escapeLike(name).replace(/\*$/, '%'),
      queue ?? null,
      tags ? JSON.stringify(tags) : null,
      owner ?? null,
      ids ?? null,
      limit,
    ]);
  }

  async forget(id: string, by: string | null): Promise<boolean> {
    return (await this.database.run(this.statements.forget, [id, by])).length > 0;
  }

  /** How many rows of the queue could be taken now, counted up to `atMost`. */
  async countReady(queue: string, atMost = 10_000): Promise<number> {
    return (await this.database.run<{ n: number }>(this.statements.countReady, [queue, atMost]))[0]!.n;
  }

  async dropOldKeys(limit: number): Promise<void> {
    await this.database.run(this.statements.dropKeys, [limit]);
  }

  async knowQueues(names: readonly string[]): Promise<void> {
    await this.database.run(this.statements.knowQueues, [[...names].sort()]);
  }

  knownQueues(): Promise<{ name: string; paused: boolean }[]> {
    return this.database.run<{ name: string; paused: boolean }>(this.statements.knownQueues, []);
  }

  /** Whether the database answers. */
  async ping(): Promise<void> {
    await this.database.run(this.statements.ping, []);
  }
}

/** A fence for one claim: 62 random bits, as text since numbers are too narrow. */
export function newFence(): string {
  return String(randomBytes(8).readBigUInt64BE() >> 2n);
}

/**
 * Sorted, so that two batches lock rows in the same order; once each, since two waiters for one id must not both get
 * the row.
 */
function uniqueById<T extends { id: string }>(items: readonly T[]): T[] {
  const sorted = [...items].sort(BY_ID);
  return sorted.filter((item, i) => i === 0 || item.id !== sorted[i - 1]!.id);
}

/** The outbox rows that a statement's answer names, each once. */
export function noted(rows: readonly { outbox?: string | null }[]): string[] {
  return [...new Set(rows.flatMap((row) => row.outbox ?? []))];
}

/** What a statement answered of rows that are ready. */
export function readyBatch<Task extends ReadyTask>(
  rows: (Task & { outbox?: string | null })[],
): ReadyBatch<Task> {
  return { tasks: rows, outbox: noted(rows) };
}
