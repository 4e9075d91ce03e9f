import { InvalidOptionError } from '../errors.js';
import type { ErrorGroup } from '../store/error-store.js';
import { quantile } from '../store/histogram.js';
import {
  COUNTERS,
  type Counter,
  type StatisticsFilter,
  type Step,
  type TallyRow,
} from '../store/statistics-store.js';
import type { Storage } from '../store/storage.js';
import { COUNT_CAP } from '../store/task-reader.js';
import type { TaskState } from '../store/states.js';

/** Windows, and the steps in which they are shown: about a hundred at most. */
const WINDOWS: Readonly<Record<string, { minutes: number; step: Step }>> = {
  '15m': { minutes: 15, step: 1 },
  '1h': { minutes: 60, step: 1 },
  '6h': { minutes: 360, step: 10 },
  '24h': { minutes: 1440, step: 10 },
  '7d': { minutes: 10_080, step: 60 },
  '30d': { minutes: 43_200, step: 360 },
};
export const STATISTICS_WINDOWS: readonly string[] = Object.keys(WINDOWS);
const MINUTE_MS = 60_000;

/** Milliseconds; null where nothing happened. */
export interface Percentiles {
  p50: number | null;
  p95: number | null;
}

export interface StatisticsTally extends Record<Counter, number> {
  name: string;
  /** From when they could be taken to their start. */
  wait: Percentiles;
  /** Of the attempts that ended. */
  run: Percentiles;
}

/** What happened within a window, from roll-ups that every process writes every few seconds. */
export interface StatisticsAnswer {
  window: string;
  stepSeconds: number;
  /** How many tasks are in each state now, each count stopping at `cap`. */
  counts: Record<TaskState, number>;
  cap: number;
  /** One entry a step, also where nothing happened; oldest first. */
  series: ({ at: string } & Record<Counter, number>)[];
  totals: StatisticsTally;
  /** The busiest first. */
  names: StatisticsTally[];
  queues: StatisticsTally[];
}

/** Something that an operator did. */
export interface AuditRecord {
  id: string;
  /** ISO 8601 in UTC. */
  at: string;
  /** Who, or null where that is not known. */
  by: string | null;
  action: string;
  taskId: string | null;
  detail: unknown;
}

/** Statistics, failures in groups, and what operators did; none of it scans the tasks. */
export class TaskStatistics {
  constructor(private readonly storage: Pick<Storage, 'statistics' | 'errors' | 'reader'>) {}

  /** @param window one of 15m, 1h, 6h, 24h, 7d, 30d @throws InvalidOptionError */
  async read(window: string, filter: StatisticsFilter = {}): Promise<StatisticsAnswer> {
    const chosen = Object.hasOwn(WINDOWS, window) ? WINDOWS[window] : undefined;
    if (!chosen)
      throw new InvalidOptionError(
        'window',
        `one of ${STATISTICS_WINDOWS.join(', ')}`,
        window,
        'INVALID_FILTER',
      );
    const { minutes, step } = chosen;
    const stepMs = step * MINUTE_MS;
    const end = Math.floor(Date.now() / stepMs) * stepMs;
    const since = new Date(end - minutes * MINUTE_MS + stepMs);
    const { statistics, reader } = this.storage;
    const [points, tallies, counts] = await Promise.all([
      statistics.series(step, since, filter),
      statistics.tallies(step, since, filter),
      reader.counts(),
    ]);
    const byTime = new Map(points.map((point) => [point.at.getTime(), point]));
    const series = [];
    for (let at = since.getTime(); at <= end; at += stepMs)
      series.push({ ...NOTHING, ...byTime.get(at), at: new Date(at).toISOString() });
    return {
      window,
      stepSeconds: step * 60,
      counts,
      cap: COUNT_CAP,
      series,
      totals: toTally('', summed(tallies.filter((tally) => !tally.byQueue))),
      names: tallies.filter((tally) => !tally.byQueue).map((tally) => toTally(tally.name, tally)),
      queues: tallies.filter((tally) => tally.byQueue).map((tally) => toTally(tally.queue, tally)),
    };
  }

  /** Failures in groups, those first that were seen last. */
  errors(
    filter: { search?: string | undefined; name?: string | undefined; since?: Date | undefined } = {},
    limit = 100,
  ): Promise<ErrorGroup[]> {
    return this.storage.errors.groups({ ...filter, limit });
  }

  /** What operators did, newest first. @param before the id of an entry */
  async audit({
    limit = 100,
    ...filter
  }: { limit?: number; before?: string | undefined; taskId?: string | undefined } = {}): Promise<
    AuditRecord[]
  > {
    const entries = await this.storage.reader.auditTrail({ limit, ...filter });
    return entries.map(({ id, at, by, action, taskId, detail }) => {
      return { id, at: at.toISOString(), by, action, taskId, detail };
    });
  }
}

const NOTHING: Readonly<Record<Counter, number>> = {
  submitted: 0,
  succeeded: 0,
  failed: 0,
  retried: 0,
  revoked: 0,
  lost: 0,
};

type Sums = Record<Counter, number> & { wait: readonly number[]; run: readonly number[] };

function summed(tallies: readonly TallyRow[]): Sums {
  const sum: Sums = { ...NOTHING, wait: [], run: [] };
  for (const tally of tallies) {
    for (const counter of COUNTERS) sum[counter] += tally[counter];
    for (const kind of ['wait', 'run'] as const)
      sum[kind] = tally[kind].map((n, i) => n + (sum[kind][i] ?? 0));
  }
  return sum;
}

function toTally(name: string, { wait, run, ...tally }: Sums): StatisticsTally {
  const counters = Object.fromEntries(COUNTERS.map((counter) => [counter, tally[counter]]));
  return {
    name,
    ...(counters as Record<Counter, number>),
    wait: { p50: quantile(wait, 0.5), p95: quantile(wait, 0.95) },
    run: { p50: quantile(run, 0.5), p95: quantile(run, 0.95) },
  };
}
