import type { Execution } from '../store/statements/claim.js';
import type { HeldTask, TaskStore } from '../store/task-store.js';
import { released, type Outcome } from './outcome.js';
import type { RunningTask } from './running-task.js';

/**
 * Compares what the database says this worker holds with what it runs. Rows it knows nothing of, twice in a row, come
 * from a claim whose answer was lost: they are given back. It also hears here of revocations that it missed.
 */
export class Inventory {
  private suspects = new Set<string>();

  constructor(
    private readonly store: TaskStore,
    private readonly running: ReadonlyMap<string, RunningTask>,
    private readonly workerId: () => string,
    private readonly settle: (execution: Execution, outcome: Outcome) => Promise<unknown>,
  ) {}

  async take(): Promise<void> {
    const id = this.workerId();
    const held = await this.store.heldBy(id);
    if (id !== this.workerId()) return;
    const unknown = new Set<string>();
    for (const row of held) {
      const running = this.running.get(row.id);
      if (running?.task.fence === row.fence) await this.heed(row, running);
      else if (this.suspects.has(key(row))) await this.settle(row, released());
      else unknown.add(key(row));
    }
    this.suspects = unknown;
  }

  private async heed(row: HeldTask, running: RunningTask): Promise<void> {
    if (!row.revoked) return;
    running.abort('revoked', 'the task was revoked');
    // written off: what the handler returns later is refused
    if (row.overdue)
      await this.settle(row, { kind: 'end', state: 'REVOKED', result: null, large: false, error: null });
  }
}

const key = (row: HeldTask) => `${row.id}:${row.fence}`;
