import type { DatabaseReading } from '../../observability/metrics/database-gauges.js';
import {
  MAX_SERIES,
  OTHER,
  type ExportedMetrics,
  type MetricSources,
} from '../../observability/metrics/metric-sources.js';
import type { ChildMetrics } from '../../observability/metrics/process-metrics.js';
import { Tallies, type OpenTally } from '../../observability/tallies.js';
import type { Supervisor } from './supervisor.js';

/** The metrics of a prefork worker: what its children tell, those of earlier too, added up. */
export class SupervisorMetrics implements MetricSources {
  private readonly totals = new Tallies(MAX_SERIES, OTHER);
  private lagMs = 0;
  private last: ChildMetrics['broker'] | undefined;
  private exporting: Promise<void> | undefined;
  private exported: ExportedMetrics | undefined;

  constructor(private readonly supervisor: Supervisor) {
    supervisor.onMetrics = (metrics) => this.hear(metrics);
  }

  /** undefined until a child has said that the application exports metrics. */
  get exporter(): ExportedMetrics | undefined {
    return this.exported;
  }

  /** An attempt that a child took along. */
  lost(name: string, queue: string): void {
    const tasks = this.supervisor.storage?.address.tasks ?? [];
    const known = tasks.some((task) => task.name === name);
    const isKnown = tasks.some((task) => task.queue === queue);
    this.totals.of(known ? name : OTHER, isKnown ? queue : OTHER).lost++;
  }

  tallies(): readonly OpenTally[] {
    return this.totals.all();
  }

  takeLag(): number {
    const lag = this.lagMs;
    this.lagMs = 0;
    return lag;
  }

  slots(): { all: number; busy: number } {
    const { slots, everyone } = this.supervisor;
    return { all: slots, busy: everyone.reduce((busy, child) => busy + child.running, 0) };
  }

  broker(): ChildMetrics['broker'] | undefined {
    return this.last;
  }

  async database(): Promise<DatabaseReading | undefined> {
    return this.supervisor.storage?.gauges.read();
  }

  private hear({ tallies, lagMs, broker }: ChildMetrics): void {
    for (const tally of tallies) this.totals.add(tally);
    this.lagMs = Math.max(this.lagMs, lagMs);
    this.last = broker;
    this.exporting ??= this.export();
  }

  /** The children have the packages, so they are here too. */
  private async export(): Promise<void> {
    const [{ MetricsExporter }, { Registry }] = await Promise.all([
      import('../../observability/metrics/metrics-exporter.js'),
      import('prom-client'),
    ]);
    this.exported = new MetricsExporter(new Registry(), this);
  }
}
