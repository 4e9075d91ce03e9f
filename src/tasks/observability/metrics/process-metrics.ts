import type { TaskRegistry } from '../../definition/task-registry.js';
import type { Worker } from '../../execution/worker.js';
import type { Storage } from '../../store/storage.js';
import type { ResolvedTasksOptions } from '../../tasks.options.js';
import type { StatisticsCollector } from '../statistics-collector.js';
import { Tallies, type OpenTally } from '../tallies.js';
import { DatabaseGauges, type DatabaseReading } from './database-gauges.js';
import { LoopLag } from './loop-lag.js';
import { MAX_SERIES, OTHER, type ExportedMetrics, type MetricSources } from './metric-sources.js';

/** What a child of a prefork worker tells its supervisor, whose metrics are those of all. */
export interface ChildMetrics {
  /** What has happened since it told last. */
  readonly tallies: readonly OpenTally[];
  readonly lagMs: number;
  readonly broker: { readonly kind: string; readonly up: boolean };
}

/** What this process knows of itself. It costs nothing until somebody exports it. */
export class ProcessMetrics implements MetricSources {
  private readonly totals = new Tallies(MAX_SERIES, OTHER);
  /** What the supervisor has not been told of. */
  private untold: Tallies | undefined;
  private readonly lag = new LoopLag();
  private readonly gauges: DatabaseGauges;
  private exported: ExportedMetrics | undefined;

  constructor(
    private readonly collector: Pick<StatisticsCollector, 'fold' | 'onFold'>,
    private readonly storage: Storage,
    private readonly registry: TaskRegistry,
    private readonly options: Pick<ResolvedTasksOptions, 'knownQueues'>,
    private readonly worker: Worker,
  ) {
    this.gauges = new DatabaseGauges(storage.database, storage.tables, () => this.queues());
  }

  /** How it is exported, if it is. */
  get exporter(): ExportedMetrics | undefined {
    return this.exported;
  }

  /** From now on it counts. */
  begin(exporter: ExportedMetrics): void {
    this.exported = exporter;
    this.collector.onFold = (tallies) => this.count(tallies);
    this.lag.start();
  }

  end(): void {
    this.exported = undefined;
    this.lag.stop();
  }

  tallies(): readonly OpenTally[] {
    this.collector.fold();
    return this.totals.all();
  }

  takeLag(): number {
    return this.lag.take();
  }

  slots(): { all: number; busy: number } | undefined {
    return this.worker.load;
  }

  broker(): { kind: string; up: boolean } {
    const { kind, status } = this.storage.broker;
    return { kind, up: status.up };
  }

  database(): Promise<DatabaseReading | undefined> {
    return this.gauges.read();
  }

  /** For the supervisor of this process; undefined when nothing is exported. */
  tell(): ChildMetrics | undefined {
    if (!this.exported) return undefined;
    this.untold ??= new Tallies(MAX_SERIES, OTHER);
    this.collector.fold();
    return { tallies: this.untold.take(), lagMs: this.takeLag(), broker: this.broker() };
  }

  private count(tallies: readonly OpenTally[]): void {
    const queues = new Set(this.queues());
    for (const tally of tallies) {
      const name = this.registry.knows(tally.name) ? tally.name : OTHER;
      const queue = queues.has(tally.queue) ? tally.queue : OTHER;
      this.totals.add(tally, name, queue);
      this.untold?.add(tally, name, queue);
    }
  }

  /** Those that are written in the code and the options: names that are made up while it runs are too many. */
  private queues(): readonly string[] {
    return [...this.options.knownQueues, ...this.registry.knownQueues(), ...this.worker.chosenQueues];
  }
}
