import { setTimeout as sleep } from 'node:timers/promises';
import type { QueryRunner } from 'typeorm';

export interface OnlineIndex {
  readonly name: string;
  readonly table: string;
  /** What follows the table's name: `(name, id) WHERE …`, `USING gin (tags)`. */
  readonly on: string;
}

/** Waiting longer for a lock would make everyone wait behind us. */
const LOCK_TIMEOUT = '2s';
const LOCK_NOT_AVAILABLE = '55P03';
const AGAIN_MS = 500;

/**
 * Makes an index of a table that may be large while tasks go on: CONCURRENTLY, which Postgres does not do for a
 * partitioned table as a whole. There the index is made of the parent alone, then of each partition, and attached;
 * it is valid with the last one. What an interrupted run left is used or made anew, so it may be run again.
 * The runner must not be in a transaction.
 */
export async function createOnline(runner: QueryRunner, schema: string, index: OnlineIndex): Promise<void> {
  const online = new OnlineIndexes(runner, schema);
  await online.create(index);
}

class OnlineIndexes {
  constructor(
    private readonly runner: QueryRunner,
    private readonly schema: string,
  ) {}

  async create(index: OnlineIndex): Promise<void> {
    const valid = await this.isValid(index.name);
    if (valid) return;
    if (!(await this.isPartitioned(index.table))) return this.createOne(index);
    if (valid === undefined) {
      // there is nothing to wait for
      if (await this.isEmpty(index.table)) return this.briefly(this.statement(index));
      await this.briefly(this.statement(index, 'ONLY'));
    }
    for (const partition of await this.withoutIndex(index)) {
      const name = partition + index.name.slice(index.table.length);
      await this.createOne({ ...index, name, table: partition });
      await this.briefly(`ALTER INDEX ${this.of(index.name)} ATTACH PARTITION ${this.of(name)}`);
    }
  }

  private async createOne(index: OnlineIndex): Promise<void> {
    const valid = await this.isValid(index.name);
    if (valid) return;
    if (valid === false) await this.runner.query(`DROP INDEX CONCURRENTLY ${this.of(index.name)}`);
    if (await this.isEmpty(index.table)) return this.briefly(this.statement(index));
    await this.runner.query(this.statement(index, '', 'CONCURRENTLY'));
  }

  private statement({ name, table, on }: OnlineIndex, only = '', how = ''): string {
    return `CREATE INDEX ${how} "${name}" ON ${only} ${this.of(table)} ${on.replaceAll('__.', `"${this.schema}".`)}`;
  }

  /** In a transaction that gives up its place in the queue for a lock now and then. */
  private async briefly(statement: string): Promise<void> {
    for (;;) {
      await this.runner.startTransaction();
      try {
        await this.runner.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
        await this.runner.query(statement);
        return await this.runner.commitTransaction();
      } catch (error) {
        await this.runner.rollbackTransaction();
        if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
      }
      await sleep(AGAIN_MS);
    }
  }

  /** undefined: there is none. */
  private async isValid(name: string): Promise<boolean | undefined> {
    const [row] = await this.query<{ valid: boolean }>(
      'SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)',
      [this.of(name)],
    );
    return row?.valid;
  }

  private async isPartitioned(table: string): Promise<boolean> {
    const rows = await this.query(`SELECT FROM pg_class WHERE oid = to_regclass($1) AND relkind = 'p'`, [
      this.of(table),
    ]);
    return rows.length > 0;
  }

  private async isEmpty(table: string): Promise<boolean> {
    return (await this.query(`SELECT FROM ${this.of(table)} LIMIT 1`)).length === 0;
  }

  /** The partitions that are not in it yet; those that are attached from now on bring theirs. */
  private async withoutIndex({ name, table }: OnlineIndex): Promise<string[]> {
    const rows = await this.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_inherits p JOIN pg_class c ON c.oid = p.inhrelid
       WHERE p.inhparent = to_regclass($1) AND NOT EXISTS (
         SELECT FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid
         WHERE i.inhparent = to_regclass($2) AND x.indrelid = c.oid) ORDER BY 1`,
      [this.of(table), this.of(name)],
    );
    return rows.map((row) => row.name);
  }

  private query<Row = unknown>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.runner.query(text, values) as Promise<Row[]>;
  }

  private of(name: string): string {
    return `"${this.schema}"."${name}"`;
  }
}
