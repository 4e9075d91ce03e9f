import { cascadeFrom, type Cascade } from './cascading.js';
import { HAS_DEPENDENTS, WIDE } from './columns.js';
import type { Database, Statement } from './database.js';
import { finishAll } from './finishing.js';
import { advanceValues, type Heir, type Inheritor, type Step } from './statements/advance.js';
import type { ClaimedTask, ClaimPlace } from './statements/claim.js';
import type { HeldTask } from './statements/worker-lease.js';
import { deferValues, type Deferral, type DeferredRow } from './statements/defer.js';
import type { Ending, FinishedRow } from './statements/finish.js';
import type { PurgeStep } from './statements/purge.js';
import { prepareStatements } from './prepared-statements.js';
import { readyBatch, type ReadyBatch, type ReadyTask } from './ready-batch.js';
import { escapeLike, type LiveFilter } from './task-filter.js';
import type { Tables } from './tables.js';
import { uniqueById } from './unique-by-id.js';

export interface EndedTask {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** See `columns.ts`. */
  readonly flags: number;
}

/** What a statement ended, and what that did to others. */
export interface Ended<Row> {
  readonly rows: readonly Row[];
  readonly cascade: Cascade;
}

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
  finish(endings: readonly Ending[]): Promise<Ended<FinishedRow>> {
    return finishAll(this.database, this.statements, uniqueById(endings));
  }

  /** Ends tasks with success and claims what waits for them; those of which nothing is claimed are not ended. */
  advance(inheritor: Inheritor, steps: readonly Step[]): Promise<Heir[]> {
    return this.database.run<Heir>(this.statements.advance, advanceValues(inheritor, steps));
  }

  /** What was claimed by an advance whose answer was lost. */
  inheritedUnder({ workerId, fence }: Inheritor, steps: readonly Step[]): Promise<Heir[]> {
    return this.database.run<Heir>(this.statements.inherited, [workerId, fence, steps.map(({ id }) => id)]);
  }

  finishedUnder(
    endings: readonly { id: string; fence: string }[],
  ): Promise<(FinishedRow & { fence: string })[]> {
    return this.database.run<FinishedRow & { fence: string }>(this.statements.finishedUnder, [
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

  /** Milliseconds until the next task expires, or null. */
  async nextExpiry(): Promise<number | null> {
    const [row] = await this.database.run<{ ms: number }>(this.statements.nextExpiry, []);
    return row?.ms ?? null;
  }

  expire(limit: number): Promise<Ended<EndedTask>> {
    return this.end<EndedTask>(this.statements.expire, [limit]);
  }

  async registerWorker(
    id: string,
    name: string,
    leaseMs: number,
    { info, status }: { info: object; status: object },
  ): Promise<void> {
    const values = [id, name, leaseMs, JSON.stringify(info), JSON.stringify(status)];
    await this.database.run(this.statements.register, values);
  }

  async isAlive(workerId: string): Promise<boolean> {
    return (await this.database.run(this.statements.isAlive, [workerId])).length > 0;
  }

  async leave(workerId: string): Promise<void> {
    await this.database.run(this.statements.leave, [workerId]);
  }

  /** Its process has ended without leaving; what it held is there to be rescued. */
  async died(workerId: string, how: string): Promise<void> {
    await this.database.run(this.statements.died, [workerId, how]);
  }

  bury(workerId: string, leaseMs: number): Promise<{ id: string; name: string }[]> {
    return this.database.run<{ id: string; name: string }>(this.statements.bury, [workerId, leaseMs]);
  }

  /** Whether a worker that was buried in the last `withinMs` still holds a row. */
  async hasLost(withinMs: number): Promise<boolean> {
    return (await this.database.run(this.statements.lost, [withinMs])).length > 0;
  }

  /** @returns rows given out anew (`ready`), and those ended because they were lost too often or revoked */
  async rescue(
    limit: number,
    maxCrashes: number,
    withinMs: number,
  ): Promise<ReadyBatch<ReadyTask & { ready: boolean }> & { cascade: Cascade }> {
    const { rows, cascade } = await this.end<ReadyTask & { ready: boolean; flags: number }>(
      this.statements.rescue,
      [limit, maxCrashes, withinMs],
    );
    return { ...readyBatch(rows), cascade };
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
  ): Promise<Ended<{ id: string; ended: boolean; flags: number }>> {
    return this.end(this.statements.revoke, [[...new Set(taskIds)].sort(), terminate, graceMs, by]);
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

  /** @returns whether there may be more */
  async dropOldKeys(limit: number): Promise<boolean> {
    return (await this.database.run<{ n: number }>(this.statements.dropKeys, [limit]))[0]!.n >= limit;
  }

  async knowQueues(names: readonly string[]): Promise<void> {
    await this.database.run(this.statements.knowQueues, [[...names].sort()]);
  }

  knownQueues(): Promise<{ name: string; paused: boolean }[]> {
    return this.database.run<{ name: string; paused: boolean }>(this.statements.knownQueues, []);
  }

  /** Queues in which tasks have been ready for so long, and from which no living worker takes. */
  async unheardQueues(longerThanMs: number): Promise<string[]> {
    const rows = await this.database.run<{ name: string }>(this.statements.unheardQueues, [longerThanMs]);
    return rows.map((row) => row.name);
  }

  /** Revokes a part of a queue. */
  async purge(values: readonly unknown[]): Promise<{ step: PurgeStep; cascade: Cascade }> {
    return this.database.transaction(async (runner) => {
      const [step] = await runner.run<PurgeStep>(this.statements.purge, [...values]);
      const awaited = step!.awaited.map((id) => ({ id, flags: HAS_DEPENDENTS | WIDE }));
      return { step: step!, cascade: await cascadeFrom(runner, this.statements.cascade, awaited) };
    });
  }

  /** Runs a statement that ends tasks, and in the same transaction acts on what waits for them. */
  private end<Row extends { id: string; flags: number }>(
    statement: Statement,
    values: unknown[],
  ): Promise<Ended<Row>> {
    return this.database.transaction(async (runner) => {
      const rows = await runner.run<Row>(statement, values);
      return { rows, cascade: await cascadeFrom(runner, this.statements.cascade, rows) };
    });
  }

  /** Whether the database answers. */
  async ping(): Promise<void> {
    await this.database.run(this.statements.ping, []);
  }
}
