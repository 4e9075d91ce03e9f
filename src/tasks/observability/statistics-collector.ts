import { Logger } from '@nestjs/common';
import { Periodic } from '../control/periodic.js';
import type { TaskObserver } from '../events/event-bus.js';
import { bucketOf } from '../store/histogram.js';
import type { ErrorStore, Failures } from '../store/error-store.js';
import type { Counter, StatisticsStore } from '../store/statistics-store.js';
import type { RecordedError } from '../store/task-record.entity.js';
import { kindOf } from './fingerprint.js';
import { Tallies, type OpenTally } from './tallies.js';

const FLUSH_MS = 3000;
const ERRORS_MS = 500;
/** Names and queues between two writes; what comes beyond is counted together. */
const MAX_TALLIES = 1000;
const OTHERS = '(others)';
/** Failures that wait to be written; of more, their groups miss some. */
const MAX_FAILURES = 10_000;

/**
 * Adds up in memory what happens to tasks in this process, and writes it every few seconds: no statement of a task's
 * way costs more for it. What a process that is killed had not written is not counted.
 */
export class StatisticsCollector implements TaskObserver {
  private readonly fresh = new Tallies(MAX_TALLIES, OTHERS);
  private readonly unwritten = new Tallies(MAX_TALLIES, OTHERS);
  private failures = new Map<string, Failures & { ids: string[] }>();
  private failed = 0;
  private lostIds: string[] = [];
  private readonly periodics: Periodic[];
  /** Hears of what was added up, each time before it is written; see {@link fold}. */
  onFold: ((tallies: readonly OpenTally[]) => void) | undefined;

  constructor(
    private readonly store: Pick<StatisticsStore, 'add'>,
    private readonly errors: Pick<ErrorStore, 'add' | 'failed'>,
  ) {
    this.periodics = [
      new Periodic('statistics wait', FLUSH_MS, () => this.flush()),
      new Periodic('groups of errors wait', ERRORS_MS, () => this.flushErrors()),
    ];
  }

  start(): void {
    for (const periodic of this.periodics) periodic.start();
  }

  /** Writes what is left, if it can. */
  async stop(): Promise<void> {
    await Promise.all(this.periodics.map((periodic) => periodic.stop()));
    await Promise.all([this.flush(), this.flushErrors()]).catch((error: unknown) =>
      new Logger('Tasks').warn(`the last statistics were not written: ${(error as Error).message}`),
    );
  }

  count(counter: Counter, name: string, queue: string): void {
    this.fresh.of(name, queue)[counter]++;
  }

  started(name: string, queue: string, waitMs: number): void {
    const tally = this.fresh.of(name, queue);
    tally.wait[bucketOf(waitMs)]!++;
    tally.waitMs += waitMs;
  }

  ended(counter: Counter, name: string, queue: string, runMs: number): void {
    const tally = this.fresh.of(name, queue);
    tally[counter]++;
    tally.run[bucketOf(runMs)]!++;
    tally.runMs += runMs;
  }

  failure(id: string, name: string, error: RecordedError): void {
    if (this.failed >= MAX_FAILURES) return;
    this.failed++;
    const { fingerprint, message, frame } = kindOf(name, error);
    const known = this.failures.get(fingerprint);
    if (known) known.ids.push(id);
    else
      this.failures.set(fingerprint, { fingerprint, name, errorName: error.name, message, frame, ids: [id] });
  }

  /** Some of them have failed by it, which shows in their records. */
  lost(id: string, name: string, queue: string): void {
    this.count('lost', name, queue);
    if (this.lostIds.length < MAX_FAILURES) this.lostIds.push(id);
  }

  /** Tells `onFold` of what happened since it was told last. */
  fold(): void {
    const tallies = this.fresh.take();
    if (tallies.length === 0) return;
    for (const tally of tallies) this.unwritten.add(tally);
    this.onFold?.(tallies);
  }

  private async flush(): Promise<void> {
    this.fold();
    const tallies = this.unwritten.take();
    if (tallies.length === 0) return;
    try {
      await this.store.add(tallies);
    } catch (error) {
      // it is written with what has happened meanwhile
      for (const tally of tallies) this.unwritten.add(tally);
      throw error;
    }
  }

  private async flushErrors(): Promise<void> {
    const lost = this.lostIds.splice(0);
    if (lost.length > 0)
      for (const { id, name, error } of await this.errors.failed(lost)) this.failure(id, name, error);
    if (this.failures.size === 0) return;
    const all = [...this.failures.values()];
    this.failures = new Map();
    this.failed = 0;
    await this.errors.add(all);
  }
}
