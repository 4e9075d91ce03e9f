import { emptyHistogram } from '../store/histogram.js';
import { COUNTERS, type Counter, type Tally } from '../store/statistics-store.js';

/** A tally that is still being added to. */
export interface OpenTally extends Tally {
  readonly wait: number[];
  readonly run: number[];
  /** Milliseconds, of all that are in `wait` together. */
  waitMs: number;
  /** Milliseconds, of all that are in `run` together. */
  runMs: number;
}

/** Tallies by name and queue, of which there are no more than so many: what comes beyond is counted together. */
export class Tallies {
  private byName = new Map<string, Map<string, OpenTally>>();
  private count = 0;

  /** @param others the name, and the queue, under which the rest is counted */
  constructor(
    private readonly limit: number,
    private readonly others: string,
  ) {}

  get size(): number {
    return this.count;
  }

  of(name: string, queue: string): OpenTally {
    const known = this.byName.get(name)?.get(queue);
    if (known) return known;
    if (this.count >= this.limit && name !== this.others) return this.of(this.others, this.others);
    const tally: OpenTally = { name, queue, ...NOTHING, wait: emptyHistogram(), run: emptyHistogram() };
    const byQueue = this.byName.get(name) ?? new Map<string, OpenTally>();
    this.byName.set(name, byQueue.set(queue, tally));
    this.count++;
    return tally;
  }

  /** Under its own name and queue, or others. */
  add(from: OpenTally, name = from.name, queue = from.queue): void {
    const tally = this.of(name, queue);
    for (const counter of COUNTERS) tally[counter] += from[counter];
    for (const kind of ['wait', 'run'] as const) from[kind].forEach((n, i) => (tally[kind][i]! += n));
    tally.waitMs += from.waitMs;
    tally.runMs += from.runMs;
  }

  all(): OpenTally[] {
    return [...this.byName.values()].flatMap((byQueue) => [...byQueue.values()]);
  }

  /** All of them; from now on there are none. */
  take(): OpenTally[] {
    const all = this.all();
    this.byName = new Map();
    this.count = 0;
    return all;
  }
}

const NOTHING: Readonly<Record<Counter | 'waitMs' | 'runMs', number>> = {
  submitted: 0,
  succeeded: 0,
  failed: 0,
  retried: 0,
  revoked: 0,
  lost: 0,
  waitMs: 0,
  runMs: 0,
};
