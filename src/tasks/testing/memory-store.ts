import type { UniqueClaim } from '../definition/unique.js';
import { UniqueConflictError } from '../errors.js';
import type { Inserted } from '../store/insert-store.js';
import type { NewTask } from '../store/new-task.js';
import type { Replaced, UniqueInsert } from '../store/unique-store.js';
import { FINAL_STATES, TASK_STATES, isFinal, type AttemptOutcome, type TaskState } from '../store/states.js';
import type { LiveFilter, ReadyBatch, ReadyTask } from '../store/task-store.js';
import type { TaskFilter, TaskPage } from '../store/task-reader.js';
import type { RecordedError, TaskRow } from '../store/task-record.entity.js';
import type { ServiceInserts, ServiceReader, ServiceStore } from '../submission/service-storage.js';
import type { Outcome } from '../execution/outcome.js';
import type { FakeClock } from './fake-clock.js';
import { newRow, type MemoryRow } from './memory-row.js';

const WORKER = 'test';

/** The rows of a test, by the rules of the database's statements. */
export class MemoryStore implements ServiceStore, ServiceInserts, ServiceReader {
  readonly rows = new Map<string, MemoryRow>();
  private readonly keys = new Map<string, { id: string; bodyHash: Buffer; until: number }>();
  private readonly uniques = new Map<string, string>();
  private readonly queues = new Set<string>();
  private order = 0;

  constructor(private readonly clock: FakeClock) {}

  async insert(tasks: readonly NewTask[]): Promise<Inserted> {
    for (const task of tasks) {
      const row = newRow(task, this.clock.now());
      if (row.dueAt === null) row.ready = ++this.order;
      this.rows.set(task.id, row);
    }
    return { createdAt: this.clock.now().toISOString(), outbox: [] };
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
    const now = this.clock.now().getTime();
    const holder = this.keys.get(key.toString('hex'));
    if (holder && holder.until > now) return { holder, outbox: [] };
    this.keys.set(key.toString('hex'), { id: task.id, bodyHash, until: now + ttlMs });
    return { outbox: (await this.insert([task])).outbox };
  }

  async insertUnique(tasks: readonly NewTask[]): Promise<UniqueInsert> {
    const ids: string[] = [];
    const replaced: Replaced[] = [];
    for (const task of tasks) {
      const holder = task.unique && this.holderOf(task.unique);
      if (holder && task.unique.onConflict === 'refuse') throw new UniqueConflictError(holder.id);
      if (holder && (task.unique.onConflict === 'existing' || holder.running)) {
        ids.push(holder.id);
        continue;
      }
      if (holder && !isFinal(holder.state)) {
        this.end(holder, 'REVOKED', null, revocation('revoked'));
        replaced.push({ id: holder.id, name: holder.name, queue: holder.queue });
      }
      if (task.unique) this.uniques.set(task.unique.key.toString('hex'), task.id);
      await this.insert([task]);
      ids.push(task.id);
    }
    return { ids, replaced, outbox: [] };
  }

  async knowQueues(names: readonly string[]): Promise<void> {
    for (const name of names) this.queues.add(name);
  }

  async knownQueues(): Promise<{ name: string; paused: boolean }[]> {
    return [...this.queues].map((name) => ({ name, paused: false }));
  }

  /** Makes due rows ready and ends expired ones. */
  tick(): void {
    const now = this.clock.now();
    for (const row of this.live()) {
      if (row.running) continue;
      if (row.expiresAt && row.expiresAt <= now) this.end(row, 'REVOKED', null, revocation('expired'));
      else if (row.ready === null && row.dueAt && row.dueAt <= now) row.ready = ++this.order;
    }
  }

  /** The next row to run: the highest priority, first in, first out. */
  next(): MemoryRow | undefined {
    const ready = this.live().filter((row) => row.ready !== null && !row.running);
    return ready.sort((a, b) => b.priority - a.priority || a.ready! - b.ready!)[0];
  }

  nextDue(): Date | undefined {
    const due = this.live().flatMap((row) => (row.ready === null && !row.running && row.dueAt) || []);
    return due.sort((a, b) => a.getTime() - b.getTime())[0];
  }

  start(row: MemoryRow): void {
    Object.assign(row, { state: 'STARTED', running: true, ready: null, worker: WORKER });
    row.attempt++;
    row.startedAt = this.clock.now();
  }

  /** @returns whether the row was still the attempt's */
  settle(row: MemoryRow, outcome: Outcome): boolean {
    if (!row.running || isFinal(row.state)) return false;
    row.running = false;
    const revoked = row.revokeAt !== null;
    if (outcome.kind === 'end') {
      const state = outcome.state === 'FAILURE' && revoked ? 'REVOKED' : outcome.state;
      if (state !== 'SUCCESS') this.note(row, state === 'REVOKED' ? 'revoked' : 'failed', outcome.error);
      const error = state === 'REVOKED' ? revocation('revoked') : outcome.error;
      this.end(row, state, outcome.result === null ? null : JSON.parse(outcome.result), error);
    } else if (revoked) this.end(row, 'REVOKED', null, revocation('revoked'));
    else {
      this.note(row, outcome.outcome, outcome.error);
      row.state = outcome.state;
      row.dueAt = outcome.delayMs > 0 ? new Date(this.clock.now().getTime() + outcome.delayMs) : null;
      row.ready = outcome.delayMs > 0 ? null : ++this.order;
      row.dispatch++;
      if (!outcome.counted) row.attempt--;
      if (outcome.charged) row.retries++;
    }
    return true;
  }

  async revoke(ids: readonly string[], terminate: boolean): Promise<{ id: string; ended: boolean }[]> {
    return ids.flatMap((id) => {
      const row = this.rows.get(id);
      if (!row || isFinal(row.state)) return [];
      row.revokeAt = this.clock.now();
      const ended = !row.running || terminate;
      if (ended) this.end(row, 'REVOKED', null, revocation('revoked'));
      return [{ id, ended }];
    });
  }

  async retryFinished(id: string, by: string | null): Promise<ReadyBatch<ReadyTask & { ready: boolean }>> {
    const row = this.rows.get(id);
    if (!row || (row.state !== 'FAILURE' && row.state !== 'REVOKED')) return { tasks: [], outbox: [] };
    this.addAudit(row, 'retry', by);
    Object.assign(row, { state: 'PENDING', error: null, finishedAt: null, dueAt: null, expiresAt: null });
    Object.assign(row, { retries: 0, crashes: 0, revokeAt: null, progress: null, ready: ++this.order });
    row.dispatch++;
    return { tasks: [{ ...row.task, ready: true }], outbox: [] };
  }

  async liveTasks(filter: LiveFilter, after: string, limit: number) {
    const rows = this.live().filter(
      (row) => row.id > after && fits(row, filter) && (filter.ids?.includes(row.id) ?? true),
    );
    return rows.slice(0, limit);
  }

  async forget(id: string): Promise<boolean> {
    const row = this.rows.get(id);
    return row !== undefined && isFinal(row.state) && this.rows.delete(id);
  }

  async find(id: string, owner?: string): Promise<TaskRow | undefined> {
    const row = this.rows.get(id);
    return row && (owner === undefined || row.owner === owner) ? row : undefined;
  }

  async findMany(ids: readonly string[]): Promise<TaskRow[]> {
    return ids.flatMap((id) => this.rows.get(id) ?? []);
  }

  async list(filter: TaskFilter, { limit, after, sort }: TaskPage): Promise<TaskRow[]> {
    const rows = [...this.rows.values()].filter((row) => fits(row, filter));
    rows.sort((a, b) => (a.id < b.id ? -1 : 1));
    if (sort !== 'createdAt') rows.reverse();
    const start = after === undefined ? 0 : rows.findIndex((row) => row.id === after) + 1;
    return rows.slice(start, start + limit);
  }

  async attempts(id: string) {
    return this.rows.get(id)?.attempts ?? [];
  }

  async audit(id: string) {
    return this.rows.get(id)?.audit ?? [];
  }

  async counts(): Promise<Record<TaskState, number>> {
    const counts = Object.fromEntries(TASK_STATES.map((state) => [state, 0])) as Record<TaskState, number>;
    for (const { state } of this.rows.values()) counts[state]++;
    return counts;
  }

  /** The task that keeps others of the same out. */
  private holderOf({ key, until, periodMs }: UniqueClaim): MemoryRow | undefined {
    const row = this.rows.get(this.uniques.get(key.toString('hex')) ?? '');
    if (!row) return undefined;
    const keepsOut =
      until === 'period'
        ? row.createdAt.getTime() + periodMs! > this.clock.now().getTime()
        : !isFinal(row.state) && (until === 'finished' || row.startedAt === null);
    return keepsOut ? row : undefined;
  }

  private live(): MemoryRow[] {
    return [...this.rows.values()].filter((row) => !isFinal(row.state));
  }

  private end(
    row: MemoryRow,
    state: (typeof FINAL_STATES)[number],
    result: unknown,
    error: RecordedError | null,
  ): void {
    Object.assign(row, { state, result, error, running: false, ready: null, finishedAt: this.clock.now() });
  }

  private note(row: MemoryRow, outcome: AttemptOutcome, error: RecordedError | null): void {
    const { id: taskId, dispatch, attempt, startedAt } = row;
    const endedAt = this.clock.now();
    const noted = { taskId, dispatch, attempt, startedAt, endedAt, outcome, error };
    row.attempts.push({ ...noted, workerId: null, worker: WORKER });
  }

  private addAudit(row: MemoryRow, action: string, by: string | null): void {
    const id = String(row.audit.length + 1);
    row.audit.push({ id, at: this.clock.now(), by, action, taskId: row.id, detail: null });
  }
}

const revocation = (message: string): RecordedError => ({ name: 'TaskRevokedError', message });

function fits(row: MemoryRow, { state, name, queue, owner, tags }: TaskFilter): boolean {
  return (
    (state === undefined || [state].flat().includes(row.state)) &&
    (name === undefined ||
      (name.endsWith('*') ? row.name.startsWith(name.slice(0, -1)) : row.name === name)) &&
    (queue === undefined || row.queue === queue) &&
    (owner === undefined || row.owner === owner) &&
    Object.entries(tags ?? {}).every(([tag, value]) => row.tags?.[tag] === value)
  );
}
