import { allInOrder, type Database, type Runner } from './database.js';
import { isExtended, type NewTask } from './new-task.js';
import { keyHolder, takeKey } from './statements/idempotency.js';
import { insertTasks, insertValues, removeFinished } from './statements/insert-tasks.js';
import type { Tables } from './tables.js';
import { noted } from './ready-batch.js';

/** What an insert answers. */
export interface Inserted {
  /** As Postgres prints it; undefined when an earlier try may have done it. */
  readonly createdAt: string | undefined;
  readonly outbox: string[];
}

/** Brings new rows into the table. Batches in which a row has more than most take a longer statement. */
export class InsertStore {
  private readonly statements;

  constructor(
    private readonly database: Database,
    tables: Tables,
  ) {
    this.statements = {
      insert: insertTasks(tables),
      insertAgain: insertTasks(tables, { again: true }),
      insertExtended: insertTasks(tables, { extended: true }),
      insertExtendedAgain: insertTasks(tables, { extended: true, again: true }),
      removeFinished: removeFinished(tables),
      takeKey: takeKey(tables),
      keyHolder: keyHolder(tables),
    };
  }

  /**
   * Inserts new rows.
   * @param again whether an earlier try with the same rows may have been stored
   * @returns when they were created, and the outbox rows that name those that are ready
   */
  async insert(tasks: readonly NewTask[], again = false): Promise<Inserted> {
    if (again)
      return {
        createdAt: undefined,
        outbox: await this.database.transaction((runner) => this.insertAgain(runner, tasks)),
      };
    return this.insertOnce(this.database, tasks);
  }

  /** Inserts all rows or none, in chunks of one transaction. */
  insertAll(tasks: readonly NewTask[], again: boolean): Promise<string[]> {
    return this.database.transaction(async (runner) => {
      const outbox: string[] = [];
      for (let i = 0; i < tasks.length; i += 1000) {
        const chunk = tasks.slice(i, i + 1000);
        outbox.push(...(await this.insertWithin(runner, chunk, again)));
      }
      return outbox;
    });
  }

  /** The statement behind {@link insert}, for a transaction that is not ours. */
  insertStatement(tasks: readonly NewTask[]): { text: string; values: unknown[] } {
    const extended = tasks.some(isExtended);
    const { text } = extended ? this.statements.insertExtended : this.statements.insert;
    return { text, values: insertValues(tasks, extended) };
  }

  /** Inserts the row if its key is free, in one transaction; otherwise tells who has the key. */
  insertKeyed(
    task: NewTask,
    key: { key: Buffer; bodyHash: Buffer; ttlMs: number },
  ): Promise<{ holder?: { id: string; bodyHash: Buffer } | undefined; outbox: string[] }> {
    return this.database.transaction(async (runner) => {
      const taken = await runner.run(this.statements.takeKey, [key.key, task.id, key.bodyHash, key.ttlMs]);
      if (taken.length > 0) return { outbox: (await this.insertOnce(runner, [task])).outbox };
      const [holder] = await runner.run<{ task_id: string; body_hash: Buffer }>(this.statements.keyHolder, [
        key.key,
      ]);
      return { holder: holder && { id: holder.task_id, bodyHash: holder.body_hash }, outbox: [] };
    });
  }

  /** In a transaction of the caller's. */
  async insertWithin(runner: Runner, tasks: readonly NewTask[], again: boolean): Promise<string[]> {
    return again ? this.insertAgain(runner, tasks) : (await this.insertOnce(runner, tasks)).outbox;
  }

  private async insertOnce(runner: Runner, tasks: readonly NewTask[]): Promise<Inserted> {
    const extended = tasks.some(isExtended);
    const { insert, insertExtended } = this.statements;
    const rows = await runner.run<{ created_at: string; outbox?: string }>(
      extended ? insertExtended : insert,
      insertValues(tasks, extended),
    );
    return { createdAt: rows[0]!.created_at, outbox: noted(rows) };
  }

  private async insertAgain(runner: Runner, tasks: readonly NewTask[]): Promise<string[]> {
    const extended = tasks.some(isExtended);
    const { insertAgain, insertExtendedAgain } = this.statements;
    const statement = extended ? insertExtendedAgain : insertAgain;
    const [rows] = await allInOrder([
      runner.run(statement, insertValues(tasks, extended)),
      runner.run(this.statements.removeFinished, [tasks.map((task) => task.id)]),
    ]);
    return noted(rows);
  }
}
