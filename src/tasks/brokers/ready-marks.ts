import type { ClaimedTask } from '../store/statements/claim.js';

/** Up to where (`ready_at`) rows were claimed, for each queue and priority. */
export class ReadyMarks {
  private readonly marks = new Map<string, string>();

  get size(): number {
    return this.marks.size;
  }

  /** Moves the marks to what was claimed. Texts of one format and zone are ordered as their times are. */
  learn(claimed: readonly ClaimedTask[]): void {
    for (const task of claimed) {
      const key = keyOf(task.queue, task.priority);
      const mark = this.marks.get(key);
      if (mark === undefined || task.ready_at > mark) this.marks.set(key, task.ready_at);
    }
  }

  /** As Postgres prints it; undefined where nothing was claimed. */
  get(queue: string, priority: number): string | undefined {
    return this.marks.get(keyOf(queue, priority));
  }

  clear(): void {
    this.marks.clear();
  }
}

const keyOf = (queue: string, priority: number) => `${priority}${queue}`;
