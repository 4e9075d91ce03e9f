import { median, n, openBench } from './harness.js';
import { rawInserts, submits } from './submit.js';
import { rawSettles, settles } from './settle.js';

const bench = await openBench();
const pairs = Number(process.env.BENCH_PAIRS ?? 5);
const count = Number(process.env.BENCH_TASKS ?? 40_000);
try {
  for (const [title, ours, raw] of [
    ['submit, 500 in flight', submits, rawInserts],
    ['claim to settled, concurrency 200', settles, rawSettles],
  ] as const) {
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
    const ratios = a.map((x, i) => x / b[i]!);
    console.log(
      `${title}: ${n(median(a))}/s, raw ${n(median(b))}/s, ratio ${median(ratios).toFixed(2)} (${ratios.map((r) => r.toFixed(2)).join(' ')})`,
    );
  }
} finally {
  await bench.close();
}
