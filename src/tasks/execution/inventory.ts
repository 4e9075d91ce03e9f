import type { Execution } from '../store/statements/claim.js';
import type { HeldTask } from '../store/statements/worker-lease.js';
import type { TaskStore } from '../store/task-store.js';
import { released, revoked, stopped, type Outcome } from './outcome.js';
import type { RunningTask } from './running-task.js';

/** Looks in which a running task's row was not there before it is aborted, and before it is not waited for any more. */
const LOST_AFTER = 2;
const WRITTEN_OFF_AFTER = 4;

/**
 * Compares what the database says this worker holds with what it runs. Rows it knows nothing of, twice in a row, come
 * from a claim whose answer was lost: they are given back, or end when they may run at most once. What runs here without a row is somebody else's by now. It
 * also hears here of revocations that it missed.
 */
export class Inventory {
  private suspects = new Set<string>();
  private missing = new Map<RunningTask, number>();

  constructor(
    private readonly store: Pick<TaskStore, 'heldBy'>,
    private readonly running: ReadonlyMap<string, RunningTask>,
    private readonly workerId: () => string,
    private readonly settle: (execution: Execution, outcome: Outcome) => Promise<unknown>,
  ) {}

  async take(): Promise<void> {
    const id = this.workerId();
    const before = [...this.running.values()];
    const held = await this.store.heldBy(id);
    if (id !== this.workerId()) return;
    const unknown = new Set<string>();
    for (const row of held) {
      const running = this.running.get(row.id);
      if (running?.task.fence === row.fence) this.heed(row, running);
      else if (this.suspects.has(key(row))) await this.settle(row, stopped(row));
      else unknown.add(key(row));
    }
    this.suspects = unknown;
    this.drop(before, new Set(held.map(key)));
  }

  private heed(row: HeldTask, running: RunningTask): void {
    if (!row.revoked) return;
    running.abort('revoked', 'the task was revoked');
    // what the handler returns later is ignored
    if (row.overdue) running.writeOff(revoked());
  }

  /** Ended by an operator, or given to another worker: the slot must not wait for the handler for ever. */
  private drop(before: readonly RunningTask[], held: ReadonlySet<string>): void {
    const missing = new Map<RunningTask, number>();
    for (const running of before) {
      if (held.has(key(running.task)) || this.running.get(running.id) !== running) continue;
      const looks = (this.missing.get(running) ?? 0) + 1;
      missing.set(running, looks);
      if (looks === LOST_AFTER) running.abort('lease lost', "the task is not this worker's any more");
      if (looks === WRITTEN_OFF_AFTER) running.writeOff(released());
    }
    this.missing = missing;
  }
}

const key = (row: Pick<Execution, 'id' | 'fence'>) => `${row.id}:${row.fence}`;
