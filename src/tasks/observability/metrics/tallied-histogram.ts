import { Histogram } from 'prom-client';
import type { MetricSources } from './metric-sources.js';

/** Of `store/histogram.ts`, the buckets that end with 2^0 to 2^19 ms (8.7 minutes). */
const LAST = 19;
const BOUNDS = Array.from({ length: LAST + 1 }, (_, i) => 2 ** i / 1000);

type Values = Awaited<ReturnType<Histogram<'task' | 'queue' | 'le'>['get']>>;

/** A histogram whose buckets were filled elsewhere. */
export class TalliedHistogram extends Histogram<'task' | 'queue' | 'le'> {
  constructor(
    private readonly title: string,
    private readonly help: string,
    private readonly kind: 'wait' | 'run',
    private readonly sources: MetricSources,
  ) {
    super({ name: title, help, labelNames: ['task', 'queue'], buckets: BOUNDS, registers: [] });
  }

  override async get(): Promise<Values> {
    const { title: name, help } = this;
    // the types have an enumeration here that the package does not have
    const type = 'histogram' as unknown as Values['type'];
    return { name, help, type, aggregator: 'sum', collect: () => undefined, values: this.values() };
  }

  /** What prom-client asks instead when it writes text. */
  getForPromString(): Promise<Values> {
    return this.get();
  }

  private values(): Values['values'] {
    const { kind } = this;
    const of = (part: string) => `${this.title}_${part}`;
    return this.sources.tallies().flatMap((tally) => {
      const labels = { task: tally.name, queue: tally.queue };
      const count = tally[kind].reduce((sum, n) => sum + n, 0);
      if (count === 0) return [];
      let below = 0;
      const buckets = BOUNDS.map((le, i) => ({
        metricName: of('bucket'),
        labels: { le, ...labels },
        value: (below += tally[kind][i]!),
      }));
      return [
        ...buckets,
        { metricName: of('bucket'), labels: { le: '+Inf', ...labels }, value: count },
        { metricName: of('sum'), labels, value: tally[kind === 'wait' ? 'waitMs' : 'runMs'] / 1000 },
        { metricName: of('count'), labels, value: count },
      ];
    });
  }
}
