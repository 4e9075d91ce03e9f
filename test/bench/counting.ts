import { compare, settings } from './compare.js';
import { openBench } from './harness.js';
import { settles } from './settle.js';
import { submits } from './submit.js';

const OBSERVED = [
  ['with statistics', {}, 'without', { counted: false }],
  ['with metrics that are scraped each second', { scraped: true }, 'without', {}],
  ['with the API of OpenTelemetry and no SDK', {}, 'without', { tracing: false }],
] as const;

/** What statistics, metrics and idle tracing cost: the same without. */
export async function benchCounting(): Promise<void> {
  for (const [ours, observed, others, otherwise] of OBSERVED)
    for (const [title, measure] of [
      ['ready to settled, concurrency 200', settles],
      ['submit, 500 in flight', submits],
    ] as const) {
      const first = await openBench(undefined, observed);
      const second = await openBench(undefined, otherwise);
      const side = (bench: typeof first) => async () => {
        await bench.clear();
        return { rate: await measure(bench, settings.count) };
      };
      await compare(
        title,
        { title: ours, measure: side(first) },
        { title: others, measure: side(second) },
        { bar: 0.97 },
      );
      await first.close();
      await second.close();
    }
}
