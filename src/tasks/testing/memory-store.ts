import type { Inserted } from '../store/insert-store.js';
import type { NewTask } from '../store/new-task.js';
import type { UniqueInsert } from '../store/unique-store.js';
import { isFinal, type AttemptOutcome, type FinalState } from '../store/states.js';
import { NO_CASCADE } from '../store/cascading.js';
import type { ReadyBatch, ReadyTask } from '../store/ready-batch.js';
import { KEEPS_EXPIRY } from '../store/statements/defer.js';
import type { LiveFilter } from '../store/task-filter.js';
import type { Ended } from '../store/task-store.js';
import type { RecordedError } from '../store/task-record.entity.js';
import type { ServiceInserts, ServiceStore } from '../submission/service-storage.js';
import type { Outcome } from '../execution/outcome.js';
import type { FakeClock } from './fake-clock.js';
import { fitsFilter } from './fits-filter.js';
import { MemoryLogs } from './memory-logs.js';
import {
  WORKER,
  mayBeDue,
  newRow,
  noteAction,
  noteAttempt,
  revocation,
  type MemoryRow,
} from './memory-row.js';
import { MemoryUniques } from './memory-uniques.js';

/** The rows of a test, by the rules of the database's statements. */
export class MemoryStore implements ServiceStore, ServiceInserts {
  readonly rows = new Map<string, MemoryRow>();
  readonly logs = new MemoryLogs();
  private readonly keys = new Map<string, { id: string; bodyHash: Buffer; until: number }>();
  private readonly uniques = new MemoryUniques(this.rows);
  private readonly queues = new Set<string>();
  private order = 0;

  constructor(private readonly clock: FakeClock) {}

  private get now(): Date {
    return this.clock.now();
  }

  /** Called when a row has ended. */
  onEnd: (row: MemoryRow) => void = () => undefined;
  /** Whether a live task is made of its result. */
  isNeeded: (row: MemoryRow) => boolean = () => false;

  async insert(tasks: readonly NewTask[]): Promise<Inserted> {
    this.add(tasks);
    return { createdAt: this.now.toISOString(), outbox: [] };
  }

  add(tasks: readonly NewTask[]): void {
    for (const task of tasks) {
      const row = newRow(task, this.now);
      if (row.dueAt === null && row.waitingOn === null) row.ready = ++this.order;
      this.rows.set(task.id, row);
    }
  }

  after(ms: number): Date {
    return new Date(this.now.getTime() + ms);
  }

  /** It need not wait for others any more, but for its own time and its countdown. */
  release(row: MemoryRow): void {
    const { delayMs = 0, lifetimeMs } = row.options ?? {};
    const due = Math.max(row.dueAt?.getTime() ?? 0, this.after(delayMs).getTime());
    const waits = due > this.now.getTime();
    row.state = 'PENDING';
    row.dueAt = waits ? new Date(due) : null;
    row.ready = waits ? null : ++this.order;
    if (lifetimeMs !== undefined) row.expiresAt ??= this.after(lifetimeMs);
  }

  /** Its signal has come. */
  wake(row: MemoryRow): void {
    Object.assign(row, { state: 'PENDING', dueAt: null, ready: ++this.order });
  }

  /** It waits without a slot: for others, or until a time. */
  park(row: MemoryRow, outcome: AttemptOutcome, waitingOn: number, until: Date | null = null): void {
    noteAttempt(row, outcome, null, this.now);
    Object.assign(row, {
      state: 'WAITING',
      running: false,
      ready: null,
      dueAt: until,
      expiresAt: null,
      waitingOn,
    });
    row.dispatch++;
    if (outcome === 'waiting') row.attempt--;
  }

  revive(row: MemoryRow, by: string | null, waitingOn: number): void {
    noteAction(row, 'retry', by, this.now);
    Object.assign(row, { state: waitingOn > 0 ? 'WAITING' : 'PENDING', error: null, finishedAt: null });
    Object.assign(row, {
      dueAt: waitingOn > 0 && !row.options?.waits ? row.dueAt : null,
      expiresAt: null,
      retries: 0,
      crashes: 0,
      revokeAt: null,
      progress: null,
    });
    row.ready = waitingOn > 0 ? null : ++this.order;
    row.waitingOn = waitingOn > 0 ? waitingOn : null;
    if (row.options?.waits) row.options = { ...row.options, waits: {} };
    row.dispatch++;
  }

  async insertAll(tasks: readonly NewTask[]): Promise<string[]> {
    return (await this.insert(tasks)).outbox;
  }

  /** The values go back to {@link insert}: a transaction of a test has no database. */
  insertStatement(tasks: readonly NewTask[]): { text: string; values: unknown[] } {
    return { text: '', values: [...tasks] };
  }

  async insertKeyed(
    task: NewTask,
    { key, bodyHash, ttlMs }: { key: Buffer; bodyHash: Buffer; ttlMs: number },
  ) {
    const now = this.now.getTime();
    const holder = this.keys.get(key.toString('hex'));
    if (holder && holder.until > now) return { holder, outbox: [] };
    this.keys.set(key.toString('hex'), { id: task.id, bodyHash, until: now + ttlMs });
    return { outbox: (await this.insert([task])).outbox };
  }

  async insertUnique(tasks: readonly NewTask[]): Promise<UniqueInsert> {
    const { ids, replaced } = this.uniques.claim(tasks, this.now.getTime());
    for (const row of replaced) this.finish(row, 'REVOKED', null, revocation('revoked'));
    await this.insert(tasks.filter((task, i) => task.id === ids[i]));
    return { ids, replaced: replaced.map(({ id, name, queue }) => ({ id, name, queue })), outbox: [] };
  }

  async knowQueues(names: readonly string[]): Promise<void> {
    for (const name of names) this.queues.add(name);
  }

  async knownQueues(): Promise<{ name: string; paused: boolean }[]> {
    return [...this.queues].map((name) => ({ name, paused: false }));
  }

  /** Makes due rows ready and ends expired ones. */
  tick(): void {
    const { now } = this;
    for (const row of this.live()) {
      if (row.running) continue;
      if (row.expiresAt && row.expiresAt <= now) this.finish(row, 'REVOKED', null, revocation('expired'));
      else if (row.ready === null && mayBeDue(row) && row.dueAt && row.dueAt <= now) {
        row.state = row.state === 'WAITING' ? 'PENDING' : row.state;
        row.ready = ++this.order;
      }
    }
  }

  /** The next row to run: the highest priority, first in, first out. */
  next(): MemoryRow | undefined {
    const ready = this.live().filter((row) => row.ready !== null && !row.running);
    return ready.sort((a, b) => b.priority - a.priority || a.ready! - b.ready!)[0];
  }

  nextDue(): Date | undefined {
    const due = this.live().flatMap(
      (row) => (row.ready === null && !row.running && mayBeDue(row) && row.dueAt) || [],
    );
    return due.sort((a, b) => a.getTime() - b.getTime())[0];
  }

  /** When the next retry of the task, or of its workflow, is due. */
  nextRetry(id: string): Date | undefined {
    const retries = this.live().filter((row) => row.id === id || row.workflowId === id);
    const due = retries.flatMap((row) => (row.state === 'RETRY' && !row.running && row.dueAt) || []);
    return due.sort((a, b) => a.getTime() - b.getTime())[0];
  }

  start(row: MemoryRow): void {
    Object.assign(row, { state: 'STARTED', running: true, ready: null, worker: WORKER });
    row.attempt++;
    row.startedAt = this.now;
  }

  /** @returns whether the row was still the attempt's */
  settle(row: MemoryRow, outcome: Exclude<Outcome, { kind: 'wait' | 'replace' }>): boolean {
    if (!row.running || isFinal(row.state)) return false;
    row.running = false;
    const revoked = row.revokeAt !== null;
    if (outcome.kind === 'end') {
      const state = outcome.state === 'FAILURE' && revoked ? 'REVOKED' : outcome.state;
      if (state !== 'SUCCESS')
        noteAttempt(row, state === 'REVOKED' ? 'revoked' : 'failed', outcome.error, this.now);
      const error = state === 'REVOKED' ? revocation('revoked') : outcome.error;
      this.finish(row, state, outcome.result === null ? null : JSON.parse(outcome.result), error);
    } else if (revoked) this.finish(row, 'REVOKED', null, revocation('revoked'));
    else {
      noteAttempt(row, outcome.outcome, outcome.error, this.now);
      row.state = outcome.state;
      row.dueAt = outcome.delayMs > 0 ? new Date(this.now.getTime() + outcome.delayMs) : null;
      row.ready = outcome.delayMs > 0 ? null : ++this.order;
      if (!KEEPS_EXPIRY.has(outcome.outcome)) row.expiresAt = null;
      row.dispatch++;
      if (!outcome.counted) row.attempt--;
      if (outcome.charged) row.retries++;
    }
    return true;
  }

  async revoke(
    ids: readonly string[],
    terminate: boolean,
  ): Promise<Ended<{ id: string; ended: boolean; flags: number }>> {
    const rows = ids.flatMap((id) => {
      const row = this.rows.get(id);
      if (!row || isFinal(row.state)) return [];
      row.revokeAt = this.now;
      const ended = !row.running || terminate;
      if (ended) this.finish(row, 'REVOKED', null, revocation('revoked'));
      return [{ id, ended, flags: 0 }];
    });
    return { rows, cascade: NO_CASCADE };
  }

  async retryFinished(id: string, by: string | null): Promise<ReadyBatch<ReadyTask & { ready: boolean }>> {
    const row = this.rows.get(id);
    const isFallen = row?.state === 'FAILURE' || row?.state === 'REVOKED';
    if (!row || !isFallen || row.workflowId !== null) return { tasks: [], outbox: [] };
    this.revive(row, by, 0);
    return { tasks: [{ ...row.task, ready: true }], outbox: [] };
  }

  async liveTasks(filter: LiveFilter, after: string, limit: number) {
    const rows = this.live().filter(
      (row) => row.id > after && fitsFilter(row, filter) && (filter.ids?.includes(row.id) ?? true),
    );
    return rows.slice(0, limit);
  }

  async forget(id: string): Promise<boolean> {
    const row = this.rows.get(id);
    const last = this.rows.get(row?.workflowId ?? '');
    if (!row || !isFinal(row.state) || (last && !isFinal(last.state)) || this.isNeeded(row)) return false;
    return this.rows.delete(id);
  }

  /** As if nothing had been submitted. */
  clear(): void {
    this.rows.clear();
    this.keys.clear();
    this.uniques.clear();
  }

  private live(): MemoryRow[] {
    return [...this.rows.values()].filter((row) => !isFinal(row.state));
  }

  finish(row: MemoryRow, state: FinalState, result: unknown, error: RecordedError | null): void {
    Object.assign(row, { state, result, error, running: false, ready: null, finishedAt: this.now });
    this.onEnd(row);
  }
}
