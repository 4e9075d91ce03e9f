import type { DataSource } from 'typeorm';
import type { Database, Statement } from './database.js';
import { dropOldPartitions, oldestDay } from './old-partitions.js';
import { ensurePartitions, lowestId } from './partitions.js';
import type { KeepRule } from './statements/keep-rules.js';
import { keepValues } from './statements/keep-rules.js';
import {
  BELONGINGS,
  removeAudit,
  removeBelongings,
  removeCommands,
  removeErrorGroups,
  removeLogs,
  removeStatistics,
  removeUngrouped,
  removeWorkers,
  stripWorkers,
} from './statements/leftovers.js';
import { removeExpired, sweepRecords } from './statements/remove-records.js';
import { dropSweeps, endSweep, moveSweep, takeSweep } from './statements/sweeps.js';
import { KEPT_STATISTICS, STEPS } from './statistics-store.js';
import type { Tables } from './tables.js';

/** Groups of errors beyond this many are forgotten, those first that were not seen for longest. */
const MAX_GROUPS = 5000;
const KEPT_GROUPS = '92 days';
const NO_ID = '00000000-0000-0000-0000-000000000000';

/** One kind of rows that are removed in batches: runs a batch. @returns whether there may be more */
export type Removal = (limit: number) => Promise<boolean>;

/** What removes rows that are over: each call is one bounded statement, or one day. */
export class RetentionStore {
  private readonly sweeps;

  constructor(
    private readonly database: Database,
    private readonly dataSource: DataSource,
    private readonly tables: Tables,
  ) {
    this.sweeps = {
      take: takeSweep(tables),
      move: moveSweep(tables),
      end: endSweep(tables),
      drop: dropSweeps(tables),
    };
  }

  /** @returns how far it had come, as Postgres prints it; undefined: not now, or another process is at it */
  async take(sweep: string, forMs: number): Promise<string | undefined> {
    return (await this.database.run<{ upto: string }>(this.sweeps.take, [sweep, forMs]))[0]?.upto;
  }

  async move(sweep: string, upto: string | null, forMs: number): Promise<void> {
    await this.database.run(this.sweeps.move, [sweep, upto, forMs]);
  }

  async end(sweep: string, pauseMs: number): Promise<void> {
    await this.database.run(this.sweeps.end, [sweep, pauseMs]);
  }

  /** Makes the days of the coming week, and removes those that are over. @returns the removed ones, `2030-01-31` */
  async renewPartitions(keep: { leastMs: number; longestMs: number }): Promise<string[]> {
    await ensurePartitions(this.dataSource, this.tables.schema);
    if (keep.leastMs === Number.POSITIVE_INFINITY) return [];
    return dropOldPartitions(this.dataSource, this.tables, keep);
  }

  /** Removes a batch of those that are kept for `keepMs` and are over since `lateMs`. @param from see {@link take} */
  async sweepRecords(
    rules: readonly KeepRule[],
    { keepMs, lateMs, againMs }: { keepMs: number; lateMs: number; againMs: number },
    from: string,
    limit: number,
  ): Promise<{ looked: number; upto: string | null; settled: string | null }> {
    const [row] = await this.database.run<{ looked: number; upto: string | null; settled: string | null }>(
      sweepRecords(this.tables, rules),
      [...keepValues(rules), keepMs, keepMs + lateMs, from, againMs, limit],
    );
    return row!;
  }

  /** Removes a batch of finished tasks whose `resultExpires` is over. @returns whether there may be more */
  async removeExpired(rules: readonly KeepRule[], againMs: number, limit: number): Promise<boolean> {
    const [row] = await this.database.run<{ looked: number }>(removeExpired(this.tables, rules), [
      ...keepValues(rules),
      limit,
      againMs,
    ]);
    return row!.looked >= limit;
  }

  /** Everything that is removed by its own time, or after its task's day. Infinity: never. */
  removals({
    logsMs,
    auditMs,
    workersMs,
  }: Readonly<Record<'logsMs' | 'auditMs' | 'workersMs', number>>): Removal[] {
    const { tables } = this;
    const batch =
      (statement: Statement, ...values: unknown[]): Removal =>
      async (limit) =>
        (await this.database.run<{ n: number }>(statement, [...values, limit]))[0]!.n >= limit;
    const unlessForEver = (ms: number, removal: () => Removal) => (Number.isFinite(ms) ? [removal()] : []);
    return [
      ...unlessForEver(logsMs, () => batch(removeLogs(tables), lowestId(Math.floor(Date.now() - logsMs)))),
      ...unlessForEver(auditMs, () => batch(removeAudit(tables), auditMs)),
      ...unlessForEver(workersMs, () => batch(removeWorkers(tables), workersMs)),
      batch(stripWorkers(tables)),
      batch(removeCommands(tables)),
      ...STEPS.map((step) => batch(removeStatistics(tables), step, KEPT_STATISTICS[step])),
      batch(removeErrorGroups(tables), KEPT_GROUPS, MAX_GROUPS),
      batch(removeUngrouped(tables)),
      ...BELONGINGS.map((belonging) => this.belongings(belonging)),
    ];
  }

  async dropSweeps(): Promise<void> {
    await this.database.run(this.sweeps.drop, []);
  }

  private belongings(belonging: (typeof BELONGINGS)[number]): Removal {
    const statement = removeBelongings(this.tables, belonging);
    let after = NO_ID;
    let before: string | undefined;
    return async (limit) => {
      before ??= await oldestDay(this.dataSource, this.tables.schema);
      const [row] = await this.database.run<{ after: string | null }>(statement, [after, before, limit]);
      after = row!.after ?? after;
      return row!.after !== null;
    };
  }
}
