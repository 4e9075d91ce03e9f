import { compare, median, n, percentile, settings } from './compare.js';
import { openBench, type Bench } from './harness.js';
import { addFinished, addPending, holdSnapshot } from './large.js';
import { submitToStart } from './latency.js';
import { rawSettles, settles } from './settle.js';
import { rawInserts, submits } from './submit.js';

type Measure = (bench: Bench, count: number) => Promise<number>;

const { pairs, count, rows } = settings;

/** The database as broker, against bare loops of plain pg; then with large tables. */
export async function benchDatabase(): Promise<void> {
  const bench = await openBench();
  const cleared = (measure: Measure) => async () => {
    await bench.clear();
    return { rate: await measure(bench, count) };
  };
  try {
    const submitted = await compare(
      'submit, 500 in flight',
      { title: 'delay()', measure: cleared(submits) },
      { title: 'multi-row INSERT by plain pg', measure: cleared(rawInserts) },
      { bar: 0.6 },
    );
    const settled = await compare(
      'ready to settled, concurrency 200',
      { title: 'a worker', measure: cleared(settles) },
      { title: 'claim and settle by plain pg', measure: cleared(rawSettles) },
      { bar: 0.6 },
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
    await again(bench, '  submit', submits, submitted);
    await again(bench, '  ready to settled', settles, settled);
    const release = await holdSnapshot(bench);
    console.log('the same, while another connection holds an old snapshot:');
    await again(bench, '  submit', submits, submitted);
    await again(bench, '  ready to settled', settles, settled);
    await release();
    console.log(
      `\npeak memory of this process (application, worker and the raw loops): ${n(process.resourceUsage().maxRSS / 1024)} MiB\n`,
    );
  } finally {
    await bench.close();
  }
}

async function again(bench: Bench, title: string, measure: Measure, before: number): Promise<void> {
  const values: number[] = [];
  for (let i = 0; i < pairs; i++) values.push(await measure(bench, count));
  console.log(
    `${title}: ${n(median(values))}/s, ${(median(values) / before).toFixed(2)}× of the small table (bar 0.8)`,
  );
}
