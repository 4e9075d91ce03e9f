import { Counter, Gauge, type Registry } from 'prom-client';
import { InvalidOptionError } from '../../errors.js';
import type { Counter as Counted } from '../../store/statistics-store.js';
import { VERSION } from '../../version.js';
import type { DatabaseReading, QueueGauge } from './database-gauges.js';
import type { ExportedMetrics, MetricSources } from './metric-sources.js';
import { TalliedHistogram } from './tallied-histogram.js';

const TASK_LABELS = ['task', 'queue'] as const;

const COUNTERS: Readonly<Record<Counted, string>> = {
  submitted: 'Tasks that this process submitted.',
  succeeded: 'Tasks that succeeded in this worker.',
  failed: 'Tasks that failed for good in this worker.',
  retried: 'Attempts in this worker that failed and are tried again.',
  revoked: 'Tasks that this process revoked, or that ended revoked in this worker.',
  lost: 'Attempts whose worker died, as far as this process gave them out anew.',
};

type Gauged<Label extends string> = [labels: Partial<Record<Label, string>>, value: number][];

/** Registers the metrics of a process with prom-client. Their values are looked up when somebody scrapes. */
export class MetricsExporter implements ExportedMetrics {
  private readonly names: string[] = [];

  /** @throws InvalidOptionError when the registry has them of another application */
  constructor(
    private readonly registry: Registry,
    private readonly sources: MetricSources,
  ) {
    if (registry.getSingleMetric('celeriac_build_info'))
      throw new InvalidOptionError('registry', 'one without the metrics of another application', 'one with');
    this.ofTasks();
    this.ofProcess();
    this.ofDatabase();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** Takes them out of the registry. */
  remove(): void {
    for (const name of this.names) this.registry.removeSingleMetric(name);
  }

  private ofTasks(): void {
    const { registry, sources } = this;
    for (const [counted, help] of Object.entries(COUNTERS) as [Counted, string][]) {
      const counter = new Counter({
        name: this.named(`celeriac_tasks_${counted}_total`),
        help,
        labelNames: TASK_LABELS,
        registers: [],
        collect() {
          this.reset();
          for (const tally of sources.tallies())
            this.inc({ task: tally.name, queue: tally.queue }, tally[counted]);
        },
      });
      registry.registerMetric(counter);
    }
    const durations = {
      celeriac_task_wait_seconds: ['From when a task could be taken to its start.', 'wait'],
      celeriac_task_runtime_seconds: ['How long attempts ran in this worker that ended.', 'run'],
    } as const;
    for (const [name, [help, kind]] of Object.entries(durations))
      registry.registerMetric(new TalliedHistogram(this.named(name), help, kind, sources));
  }

  private ofProcess(): void {
    const { sources } = this;
    this.gauge('celeriac_build_info', 'Always 1; the version of the library.', ['version'], () => [
      [{ version: VERSION }, 1],
    ]);
    this.gauge('celeriac_event_loop_lag_seconds', 'The longest since the last scrape.', [], () => [
      [{}, sources.takeLag() / 1000],
    ]);
    this.gauge('celeriac_worker_slots', 'How many tasks this worker runs at once.', [], () => {
      const slots = sources.slots();
      return slots ? [[{}, slots.all]] : [];
    });
    this.gauge('celeriac_worker_slots_busy', 'How many tasks this worker runs now.', [], () => {
      const slots = sources.slots();
      return slots ? [[{}, slots.busy]] : [];
    });
    this.gauge('celeriac_broker_up', 'Whether this process can use the broker.', ['broker'], () => {
      const broker = sources.broker();
      return broker ? [[{ broker: broker.kind }, Number(broker.up)]] : [];
    });
  }

  private ofDatabase(): void {
    const { sources } = this;
    this.gauge('celeriac_database_up', 'Whether the database answers this process.', [], async () => [
      [{}, Number((await sources.database()) !== undefined)],
    ]);
    const queues = (name: string, help: string, value: (queue: QueueGauge) => number | null) =>
      this.fromDatabase(`celeriac_queue_${name}`, help, ['queue'], (reading) =>
        reading.queues.flatMap((queue) => {
          const n = value(queue);
          return n === null ? [] : [[{ queue: queue.name }, n]];
        }),
      );
    queues('depth', 'Tasks that could be taken now, counted up to 10,000.', ({ depth }) => depth);
    queues(
      'oldest_age_seconds',
      'How long the oldest task that could be taken has waited.',
      ({ oldestSeconds }) => Math.max(0, oldestSeconds ?? 0),
    );
    queues('running', 'Tasks that run now, in all workers.', ({ running }) => running);
    queues('workers', 'Living workers that take from the queue.', ({ workers }) => workers);
    queues('paused', 'Whether nothing is taken from the queue.', ({ paused }) => Number(paused));
    this.fromDatabase('celeriac_tasks', 'Live tasks, each counted up to 10,000.', ['state'], ({ states }) =>
      [...states].map(([state, n]) => [{ state }, n]),
    );
    this.fromDatabase('celeriac_workers_online', 'Living workers.', [], ({ workers }) => [
      [{}, workers.online],
    ]);
    this.fromDatabase('celeriac_workers_slots', 'Slots of all living workers.', [], ({ workers }) => [
      [{}, workers.slots],
    ]);
    this.fromDatabase(
      'celeriac_relay_batches',
      'Batches of submissions of which the broker has not been told, counted up to 10,000.',
      [],
      ({ unpublished }) => (unpublished ? [[{}, unpublished.batches]] : []),
    );
    this.fromDatabase(
      'celeriac_relay_lag_seconds',
      'The age of the oldest of them.',
      [],
      ({ unpublished }) => (unpublished ? [[{}, unpublished.seconds]] : []),
    );
  }

  private fromDatabase<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    values: (reading: DatabaseReading) => Gauged<Label>,
  ): void {
    this.gauge(name, `${help} Of the whole database.`, labels, async () => {
      const reading = await this.sources.database();
      return reading ? values(reading) : [];
    });
  }

  private gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    values: () => Gauged<Label> | Promise<Gauged<Label>>,
  ): void {
    const gauge = new Gauge<Label>({
      name: this.named(name),
      help,
      labelNames,
      registers: [],
      async collect() {
        const now = await values();
        this.reset();
        // without labels it would be 0 now
        if (labelNames.length === 0) this.remove();
        for (const [labels, value] of now) this.set(labels, value);
      },
    });
    this.registry.registerMetric(gauge);
  }

  private named(name: string): string {
    this.names.push(name);
    return name;
  }
}
