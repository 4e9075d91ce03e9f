import { cpus, totalmem } from 'node:os';
import { submitToStart } from './latency.js';
import { addFinished, addPending, holdSnapshot } from './large.js';
import { median, n, openBench, percentile, type Bench } from './harness.js';
import { rawInserts, submits } from './submit.js';
import { rawSettles, settles } from './settle.js';

type Measure = (bench: Bench, count: number) => Promise<number>;

/**
 * `npm run bench`: everything recorded, on a private Postgres with its durable defaults. Ratios compare within this
 * run; absolute figures belong to this machine. BENCH_PAIRS, BENCH_TASKS and BENCH_ROWS make it shorter.
 */
const pairs = Number(process.env.BENCH_PAIRS ?? 5);
const count = Number(process.env.BENCH_TASKS ?? 40_000);
const rows = Number(process.env.BENCH_ROWS ?? 1_000_000);

const bench = await openBench();
const server = await bench.sql.query<{ server_version: string }>('SHOW server_version');
console.log(
  `node ${process.version}, Postgres ${server.rows[0]!.server_version}, ${cpus().length} × ${cpus()[0]?.model}, ${n(totalmem() / 2 ** 30)} GiB; ` +
    `medians of ${pairs} pairs of ${n(count)} tasks\n`,
);
try {
  const submitted = await compare(
    'submit, 500 in flight',
    submits,
    rawInserts,
    'multi-row INSERT by plain pg',
    0.6,
  );
  const settled = await compare(
    'ready to settled, concurrency 200',
    settles,
    rawSettles,
    'claim and settle by plain pg',
    0.6,
  );

  await bench.clear();
  const times = await submitToStart(bench, 200);
  console.log(
    `submit to start, idle: p50 ${n(median(times), 2)} ms, p99 ${n(percentile(times, 99), 2)} ms\n`,
  );

  await bench.clear();
  await addFinished(bench, rows);
  await addPending(bench, rows);
  await bench.sql.query(`ANALYZE ${bench.tables.task}, ${bench.tables.done}`);
  console.log(`with ${n(rows)} pending and ${n(rows)} finished rows:`);
  await again('  submit', submits, submitted);
  await again('  ready to settled', settles, settled);
  const release = await holdSnapshot(bench);
  console.log('the same, while another connection holds an old snapshot:');
  await again('  submit', submits, submitted);
  await again('  ready to settled', settles, settled);
  await release();
  console.log(
    `\npeak memory of this process (application, worker and the raw loops): ${n(process.resourceUsage().maxRSS / 1024)} MiB`,
  );
} finally {
  await bench.close();
}

/** Alternates, after one round that does not count. @returns our median */
async function compare(
  title: string,
  ours: Measure,
  raw: Measure,
  rawTitle: string,
  bar: number,
): Promise<number> {
  const a: number[] = [];
  const b: number[] = [];
  for (let i = -1; i < pairs; i++) {
    await bench.clear();
    const x = await ours(bench, count);
    await bench.clear();
    const y = await raw(bench, count);
    if (i < 0) continue;
    a.push(x);
    b.push(y);
  }
  const ratio = median(a.map((x, i) => x / b[i]!));
  const all = a.map((x, i) => (x / b[i]!).toFixed(2)).join(' ');
  console.log(
    `${title}: ${n(median(a))}/s\n  ${rawTitle}: ${n(median(b))}/s\n  ratio ${ratio.toFixed(2)} (bar ${bar}; ${all})\n`,
  );
  return median(a);
}

async function again(title: string, measure: Measure, before: number): Promise<void> {
  const values: number[] = [];
  for (let i = 0; i < pairs; i++) values.push(await measure(bench, count));
  console.log(
    `${title}: ${n(median(values))}/s, ${(median(values) / before).toFixed(2)}× of the small table (bar 0.8)`,
  );
}
