import { UniqueConflictError } from '../errors.js';
import type { UniqueClaim } from '../definition/unique.js';
import type { Database, Runner } from './database.js';
import type { InsertStore } from './insert-store.js';
import type { NewTask } from './new-task.js';
import { revoke } from './statements/operator.js';
import { dropUnique, holderOf, lockUnique, passUnique, takeUnique } from './statements/unique.js';
import type { Tables } from './tables.js';

export interface UniqueInsert {
  /** One for each task given: its own id, or that of the task that was there before. */
  readonly ids: readonly string[];
  /** Tasks that were revoked for a new one. */
  readonly replaced: readonly Replaced[];
  readonly outbox: readonly string[];
}

export interface Replaced {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
}

type Keyed = NewTask & { unique: UniqueClaim };

/** Inserts tasks of which there must not be two: a lane of its own, since it takes turns key by key. */
export class UniqueStore {
  private readonly statements;

  constructor(
    private readonly database: Database,
    tables: Tables,
    private readonly inserts: InsertStore,
  ) {
    this.statements = {
      take: takeUnique(tables),
      lock: lockUnique(tables),
      holder: holderOf(tables),
      pass: passUnique(tables),
      drop: dropUnique(tables),
      revoke: revoke(tables),
    };
  }

  /**
   * All or none, in one transaction.
   * @param again whether an earlier try with the same rows may have been stored
   * @throws UniqueConflictError
   */
  insert(tasks: readonly NewTask[], again: boolean): Promise<UniqueInsert> {
    return this.database.transaction((runner) => this.insertWithin(runner, tasks, again));
  }

  /** The same in a transaction of the caller's. */
  async insertWithin(runner: Runner, tasks: readonly NewTask[], again: boolean): Promise<UniqueInsert> {
    const ids = new Map<NewTask, string>(tasks.map((task) => [task, task.id]));
    const replaced: Replaced[] = [];
    // in one order for everybody, so that no two wait for each other
    const keyed = tasks.filter((task): task is Keyed => task.unique !== null);
    keyed.sort((a, b) => Buffer.compare(a.unique.key, b.unique.key));
    const pending = new Set<string>();
    for (const task of keyed) {
      const id = await this.claim(runner, task, pending, replaced);
      ids.set(task, id);
      pending.add(id);
    }
    const won = tasks.filter((task) => ids.get(task) === task.id);
    const outbox = won.length > 0 ? await this.inserts.insertWithin(runner, won, again) : [];
    return { ids: [...ids.values()], replaced, outbox };
  }

  /** @returns whether there may be more */
  async dropOld(limit: number): Promise<boolean> {
    return (await this.database.run<{ n: number }>(this.statements.drop, [limit]))[0]!.n >= limit;
  }

  /**
   * @param pending tasks of this transaction that are not inserted yet
   * @returns the id of the task that has the key from now on
   */
  private async claim(
    runner: Runner,
    { id, unique }: Keyed,
    pending: ReadonlySet<string>,
    replaced: Replaced[],
  ): Promise<string> {
    const { key, until, periodMs, onConflict } = unique;
    for (;;) {
      if ((await runner.run(this.statements.take, [key, id, periodMs])).length > 0) return id;
      const [holder] = await runner.run<{ id: string; reserved: boolean | null }>(this.statements.lock, [
        key,
      ]);
      if (!holder) continue; // it was removed in between
      if (holder.id === id) return id; // an earlier try was stored after all
      if (pending.has(holder.id)) {
        if (onConflict === 'refuse') throw new UniqueConflictError(holder.id);
        return holder.id;
      }
      const [live] = await runner.run<Replaced & { running: boolean; started: boolean }>(
        this.statements.holder,
        [holder.id],
      );
      const keepsOut =
        until === 'period'
          ? holder.reserved === true
          : live !== undefined && (until === 'finished' || !live.started);
      if (keepsOut) {
        if (onConflict === 'refuse') throw new UniqueConflictError(holder.id);
        if (onConflict === 'existing' || !live || live.running) return holder.id;
        await runner.run(this.statements.revoke, [[holder.id], false, 0, 'replaced']);
        const { name, queue } = live;
        replaced.push({ id: holder.id, name, queue });
      }
      await runner.run(this.statements.pass, [key, id, periodMs]);
      return id;
    }
  }
}
