import { cpus, totalmem } from 'node:os';
import { DataSource } from 'typeorm';
import { TaskService, TaskStatistics, type TaskFilter, type Page } from '#dist/tasks/index.js';
import { createPrivateDataSource } from '#dist/tasks/store/private-data-source.js';
import { compare, median, n, percentile, settings } from '../compare.js';
import { addRecords } from '../dashboard/records.js';
import { openBench, type Bench } from '../harness.js';
import { settles } from '../settle.js';
import { submits } from '../submit.js';
import { withoutIndexes } from './indexes.js';

/**
 * `npm run bench:scale`: the same work on two servers side by side, one with SCALE_RECORDS finished tasks of two weeks
 * (default 50,000,000; about 30 GB below the folder for temporary files), the other with SCALE_SMALL of them (default
 * 20,000). Rounds alternate, so that what else the machine does falls on both. BENCH_PAIRS and BENCH_TASKS as in `bench`.
 */
const records = Number(process.env.SCALE_RECORDS ?? 50_000_000);
const small = Number(process.env.SCALE_SMALL ?? 20_000);
const BAR = 0.8;
const ROUNDS = 60;

const [large, tiny] = [await openBench(), await openBench()];
try {
  console.log(
    `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, ${n(totalmem() / 2 ** 30)} GiB`,
  );
  await fill(tiny, small);
  await fill(large, records);
  for (const [title, measure] of [
    ['submit, 500 in flight', submits],
    ['claim and settle, concurrency 200', settles],
  ] as const)
    await compare(title, side(large, records, measure), side(tiny, small, measure), { bar: BAR });
  await compareReads();
} finally {
  await Promise.all([large.close(), tiny.close()]);
}

async function fill(bench: Bench, count: number): Promise<void> {
  const start = Date.now();
  const { sql, tables, url } = bench;
  // only while the records are made
  await sql.query(`ALTER SYSTEM SET max_wal_size = '8GB'`);
  await sql.query('SELECT pg_reload_conf()');
  const dataSource: DataSource = createPrivateDataSource({ type: 'postgres', url }, tables.schema);
  await dataSource.initialize();
  await withoutIndexes(sql, tables.schema, () => addRecords(sql, dataSource, tables.schema, count));
  await dataSource.destroy();
  await sql.query('ALTER SYSTEM RESET max_wal_size');
  await sql.query('SELECT pg_reload_conf()');
  await sql.query('CHECKPOINT');
  const { rows } = await sql.query<{ heap: string; all: string }>(
    `SELECT sum(pg_table_size(inhrelid)) AS heap, sum(pg_total_relation_size(inhrelid)) AS all
     FROM pg_inherits WHERE inhparent = '${tables.done}'::regclass`,
  );
  const [heap, all] = [Number(rows[0]!.heap), Number(rows[0]!.all)];
  console.log(
    `${n(count)} records made in ${n((Date.now() - start) / 1000)} s: ${n(all / 2 ** 20)} MiB, a record ${n(heap / count)} bytes and ${n((all - heap) / count)} of indexes`,
  );
}

function side(bench: Bench, count: number, measure: (bench: Bench, count: number) => Promise<number>) {
  return {
    title: `beside ${n(count)} finished tasks`,
    measure: async () => {
      await bench.sql.query(`TRUNCATE ${bench.tables.task}`);
      return { rate: await measure(bench, settings.count) };
    },
  };
}

async function compareReads(): Promise<void> {
  console.log(
    `reads, p50 and p95 in ms of ${ROUNDS} each: ${n(records)} records, ${n(small)}; ratio of the p50`,
  );
  const middle = async ({ sql, tables }: Bench, count: number) => {
    const { rows } = await sql.query<{ id: string }>(
      `SELECT id FROM ${tables.done} ORDER BY id LIMIT 1 OFFSET ${Math.min(10_000, Math.floor(count / 2))}`,
    );
    return rows[0]!.id;
  };
  const cursors = new Map([
    [large, await middle(large, records)],
    [tiny, await middle(tiny, small)],
  ]);
  const list =
    (filter: TaskFilter, page: Page = {}) =>
    (bench: Bench) =>
      bench.tasks.list(filter, page);
  const reads: [string, (bench: Bench) => Promise<unknown>][] = [
    ['the newest', list({})],
    ['a page among the oldest', (bench) => bench.tasks.list({}, { cursor: cursors.get(bench) })],
    ['state:failure', list({ state: 'FAILURE' })],
    ['one name', list({ name: 'shop.task-42' })],
    ['tag:user=4242', list({ tags: { user: '4242' } })],
    ['one record', (bench) => bench.app.get(TaskService).record(cursors.get(bench)!)],
    ['statistics, 1h', (bench) => bench.app.get(TaskStatistics).read('1h')],
    ['statistics, 24h', (bench) => bench.app.get(TaskStatistics).read('24h')],
    ['statistics, 30d', (bench) => bench.app.get(TaskStatistics).read('30d')],
    ['errors', (bench) => bench.app.get(TaskStatistics).errors()],
  ];
  for (const [title, read] of reads) {
    const times = new Map<Bench, number[]>([
      [large, []],
      [tiny, []],
    ]);
    const found = new Map<Bench, number>();
    for (let round = -5; round < ROUNDS; round++)
      for (const [bench, measured] of times) {
        const start = performance.now();
        const answer = await read(bench);
        found.set(bench, itemsOf(answer));
        if (round >= 0) measured.push(performance.now() - start);
      }
    const [a, b] = [times.get(large)!, times.get(tiny)!];
    const shown = (values: number[]) =>
      `${n(median(values), 1).padStart(7)} ${n(percentile(values, 95), 1).padStart(7)}`;
    console.log(
      `${title.padEnd(26)} ${shown(a)}  ${shown(b)}  ${(median(a) / median(b)).toFixed(2)}  (${found.get(large)} and ${found.get(tiny)} items)`,
    );
  }
}

function itemsOf(answer: unknown): number {
  if (Array.isArray(answer)) return answer.length;
  const { items } = answer as { items?: unknown[] };
  return items?.length ?? 1;
}
