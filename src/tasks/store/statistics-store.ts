import type { DataSource } from 'typeorm';
import { BUCKETS } from './histogram.js';
import type { Database } from './database.js';
import type { Tables } from './tables.js';

/** Minutes that a row stands for; every process writes to all, so that nothing needs to be added up later. */
export const STEPS = [1, 10, 60, 360] as const;
export type Step = (typeof STEPS)[number];

export const COUNTERS = ['submitted', 'succeeded', 'failed', 'retried', 'revoked', 'lost'] as const;
export type Counter = (typeof COUNTERS)[number];

/** What happened to the tasks of one name in one queue. */
export interface Tally extends Record<Counter, number> {
  readonly name: string;
  readonly queue: string;
  readonly wait: readonly number[];
  readonly run: readonly number[];
}

export interface StatisticsPoint extends Record<Counter, number> {
  at: Date;
}

export type TallyRow = Tally & { byQueue: boolean };

export const KEPT_STATISTICS: Readonly<Record<Step, string>> = {
  1: '3 hours',
  10: '2 days',
  60: '8 days',
  360: '92 days',
};
/** Names and queues that one answer tells of. */
const MAX_TALLIES = 200;

/** Adds to the statistics, and reads them. */
export class StatisticsStore {
  constructor(
    private readonly database: Database,
    private readonly dataSource: DataSource,
    private readonly tables: Tables,
  ) {}

  /** One statement for all, sorted so that two processes lock rows in the same order. */
  async add(tallies: readonly Tally[]): Promise<void> {
    const sorted = [...tallies].sort((a, b) =>
      a.name === b.name ? (a.queue < b.queue ? -1 : 1) : a.name < b.name ? -1 : 1,
    );
    const { statistic, schema } = this.tables;
    const columns = COUNTERS.join(', ');
    await this.database.run(
      {
        name: `${schema}.add-statistics`,
        text: `
          INSERT INTO ${statistic} AS s (step, at, name, queue, ${columns}, wait, run)
          SELECT k.step, date_bin(k.step * interval '1 minute', now(), 'epoch'), u.name, u.queue,
            ${COUNTERS.map((counter) => `u.${counter}`).join(', ')}, u.wait::int[], u.run::int[]
          FROM unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[], $9::text[], $10::text[])
            u(name, queue, ${columns}, wait, run)
          CROSS JOIN unnest('{${STEPS.join(',')}}'::smallint[]) k(step)
          ON CONFLICT (step, at, name, queue) DO UPDATE SET
            ${COUNTERS.map((counter) => `${counter} = s.${counter} + excluded.${counter}`).join(', ')},
            wait = ARRAY(SELECT a + b FROM unnest(s.wait, excluded.wait) x(a, b)),
            run = ARRAY(SELECT a + b FROM unnest(s.run, excluded.run) x(a, b))`,
      },
      [
        sorted.map((tally) => tally.name),
        sorted.map((tally) => tally.queue),
        ...COUNTERS.map((counter) => sorted.map((tally) => tally[counter])),
        sorted.map((tally) => `{${tally.wait.join(',')}}`),
        sorted.map((tally) => `{${tally.run.join(',')}}`),
      ],
    );
  }

  /** Sums per step since then, oldest first; steps in which nothing happened are missing. */
  async series(step: Step, since: Date, filter: StatisticsFilter): Promise<StatisticsPoint[]> {
    const rows = await this.dataSource.query<({ at: Date } & Record<Counter, string>)[]>(
      `SELECT at, ${sums()} FROM ${this.tables.statistic} WHERE ${MEANT} GROUP BY at ORDER BY at`,
      [step, since, filter.name ?? null, filter.queue ?? null],
    );
    return rows.map((row) => ({ ...counted(row), at: row.at }));
  }

  /** Sums since then by name, and by queue; the busiest first. */
  async tallies(step: Step, since: Date, filter: StatisticsFilter): Promise<TallyRow[]> {
    const rows = await this.dataSource.query<SummedRow[]>(
      `SELECT name, queue, ${sums()}, ${histogramSum('wait')}, ${histogramSum('run')} FROM ${this.tables.statistic}
       WHERE ${MEANT} GROUP BY GROUPING SETS ((name), (queue)) ORDER BY sum(submitted + succeeded) DESC LIMIT ${MAX_TALLIES}`,
      [step, since, filter.name ?? null, filter.queue ?? null],
    );
    return rows.map((row) => ({
      ...counted(row),
      name: row.name ?? '',
      queue: row.queue ?? '',
      byQueue: row.name === null,
      wait: row.wait.map(Number),
      run: row.run.map(Number),
    }));
  }
}

interface SummedRow extends Record<Counter, string> {
  name: string | null;
  queue: string | null;
  wait: string[];
  run: string[];
}

export interface StatisticsFilter {
  readonly name?: string | undefined;
  readonly queue?: string | undefined;
}

const MEANT =
  'step = $1 AND at >= $2::timestamptz AND ($3::text IS NULL OR name = $3) AND ($4::text IS NULL OR queue = $4)';

const sums = () => COUNTERS.map((counter) => `sum(${counter}) AS ${counter}`).join(', ');

/** One sum a bucket: an unnest of every row would take ten times as long. */
const histogramSum = (column: 'wait' | 'run') =>
  `ARRAY[${Array.from({ length: BUCKETS }, (_, i) => `sum(${column}[${i + 1}])`).join(',')}] AS ${column}`;

const counted = (row: Record<Counter, string>) =>
  Object.fromEntries(COUNTERS.map((counter) => [counter, Number(row[counter])])) as Record<Counter, number>;
