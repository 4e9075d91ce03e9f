import { setTimeout as sleep } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { GateStore } from '../../store/gate-store.js';
import type { Removal, RetentionStore } from '../../store/retention-store.js';
import type { TaskStore } from '../../store/task-store.js';
import type { UniqueStore } from '../../store/unique-store.js';
import type { WorkflowStore } from '../../store/workflow-store.js';
import { Periodic } from '../periodic.js';
import type { ResolvedRetention } from './retention-options.js';

/** Rows that one statement looks at: some tens of milliseconds, and as few locks. */
const BATCH = 2000;
const EXPIRY_MS = 3000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Who has not moved on for so long has died, and another one takes its sweep. */
const TAKEN_MS = 120_000;
/** So much later than promised at most, so that whole days can be dropped instead. */
const LATE_MS = 2 * DAY_MS;

export interface RetentionDuties {
  readonly retention: RetentionStore;
  readonly store: Pick<TaskStore, 'dropOldKeys'>;
  readonly gates: Pick<GateStore, 'dropOld'>;
  readonly unique: Pick<UniqueStore, 'dropOld'>;
  readonly workflows: Pick<WorkflowStore, 'dropOldSignals'>;
}

/**
 * Removes what is over: finished tasks by whole days where all of a day goes, else in batches in the order of their
 * ends; and whatever else would grow for ever. Every worker does it; each sweep is one worker's at a time, which works at
 * most half of the time, so that tasks go first.
 */
export class Retention {
  private readonly logger = new Logger('Tasks');
  private readonly stopping = new AbortController();
  private readonly periodics: Periodic[];
  private readonly leastMs: number;
  private readonly longestMs: number;
  private readonly fingerprint: string;

  constructor(
    private readonly duties: RetentionDuties,
    private readonly keep: ResolvedRetention,
  ) {
    const times = keep.rules.map((rule) => rule.keepMs);
    this.leastMs = Math.min(...times);
    this.longestMs = Math.max(...times);
    this.fingerprint = createHash('sha256').update(JSON.stringify(keep.rules)).digest('hex').slice(0, 12);
    const finite = [...new Set(times)].filter((ms) => Number.isFinite(ms));
    this.periodics = [
      new Periodic('records whose time to live is over stay', EXPIRY_MS, () => this.removeExpired()),
      this.sweep('house', HOUR_MS, (name) => this.keepHouse(name)),
      ...finite.map((keepMs) =>
        this.sweep(`records ${this.fingerprint} ${keepMs}`, pauseOf(keepMs), (name, from) =>
          this.sweepRecords(name, keepMs, from),
        ),
      ),
    ];
  }

  start(): void {
    for (const periodic of this.periodics) periodic.start();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.periodics.map((periodic) => periodic.stop()));
  }

  /** What only one process does at a time, every so often. */
  private sweep(
    name: string,
    pauseMs: number,
    work: (name: string, from: string) => Promise<void>,
  ): Periodic {
    const { retention } = this.duties;
    return new Periodic(`what is over stays (${name})`, Math.min(pauseMs, HOUR_MS / 6), async () => {
      const from = await retention.take(name, TAKEN_MS);
      if (from === undefined) return;
      let next = 0;
      try {
        await work(name, from);
        if (!this.stopping.signal.aborted) next = pauseMs;
      } finally {
        await retention.end(name, next);
      }
    });
  }

  /** Step by step. One that fails does not keep those after it from being made. */
  private async keepHouse(name: string): Promise<void> {
    const failures: unknown[] = [];
    // what belonged to the tasks of a day goes after it
    for (const step of [() => this.renewDays(), ...this.leftovers(name)])
      await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  private async renewDays(): Promise<void> {
    const { leastMs, longestMs } = this;
    for (const day of await this.duties.retention.renewPartitions({ leastMs, longestMs }))
      this.logger.log(`the records of ${day} were removed: their retention is over`);
  }

  private async sweepRecords(name: string, keepMs: number, start: string): Promise<void> {
    const { retention } = this.duties;
    // what is kept longest goes by whole days, unless those stand for too long
    const lateMs = keepMs === this.longestMs ? Math.min(LATE_MS, keepMs / 4) : 0;
    let from = start;
    await this.inBatches(async () => {
      const times = { keepMs, lateMs, againMs: Math.min(DAY_MS, keepMs / 4) };
      const { looked, upto, settled } = await retention.sweepRecords(this.keep.rules, times, from, BATCH);
      from = upto ?? from;
      await retention.move(name, settled, TAKEN_MS);
      return looked >= BATCH;
    });
  }

  private async removeExpired(): Promise<void> {
    const againMs = Math.min(DAY_MS, Math.max(60_000, this.leastMs / 4));
    await this.inBatches((limit) => this.duties.retention.removeExpired(this.keep.rules, againMs, limit));
  }

  private leftovers(name: string): (() => Promise<void>)[] {
    const { retention, store, gates, unique, workflows } = this.duties;
    const { logsMs, auditMs } = this.keep;
    // the records of the last ones name it for as long as they are there
    const workersMs = this.longestMs + LATE_MS + DAY_MS;
    const removals: Removal[] = [
      (limit) => store.dropOldKeys(limit),
      (limit) => unique.dropOld(limit),
      (limit) => gates.dropOld(limit),
      (limit) => workflows.dropOldSignals(limit),
      ...retention.removals({ logsMs, auditMs, workersMs }),
    ];
    const steps = removals.map((removal) => async () => {
      await this.inBatches(removal);
      await retention.move(name, null, TAKEN_MS);
    });
    return [...steps, () => retention.dropSweeps()];
  }

  /** Until nothing is left, or the worker stops; each batch is followed by a pause as long as it took. */
  private async inBatches(removal: Removal): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const start = performance.now();
      if (!(await removal(BATCH))) return;
      await sleep(performance.now() - start, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** A sixtieth of what is promised, within reason. */
function pauseOf(keepMs: number): number {
  return Math.min(10 * 60_000, Math.max(EXPIRY_MS, keepMs / 60));
}
