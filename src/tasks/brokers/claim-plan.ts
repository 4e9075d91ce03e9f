import type { ClaimPlace } from '../store/statements/claim.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import { ReadyMarks } from './ready-marks.js';

const PRIORITIES = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0] as const;
/** After this long the marks start anew: a row that was committed late may lie before them. */
const MARKS_AGE_MS = 2000;

/**
 * Where the next claim looks. Queues take turns in being first, so that none starves; within a queue 9 comes first.
 * A mark a queue and priority says up to where everything is taken: index entries before it are dead, and while an
 * old snapshot is held (a backup, a long report) they cannot be cleaned away and would be read again by every claim.
 */
export class ClaimPlan {
  private readonly marks = new ReadyMarks();
  private since = Date.now();
  private turn = 0;

  places(queues: readonly string[]): ClaimPlace[] {
    if (Date.now() - this.since > MARKS_AGE_MS) this.restart();
    const first = queues.length === 0 ? 0 : this.turn++ % queues.length;
    const places: ClaimPlace[] = [];
    for (let i = 0; i < queues.length; i++) {
      const queue = queues[(first + i) % queues.length]!;
      for (const priority of PRIORITIES)
        places.push({ queue, priority, from: this.marks.get(queue, priority) ?? '-infinity' });
    }
    return places;
  }

  learn(claimed: readonly ClaimedTask[]): void {
    this.marks.learn(claimed);
  }

  /** Forgets the marks. @returns whether there were any, so that looking again may find something */
  restart(): boolean {
    const had = this.marks.size > 0;
    this.marks.clear();
    this.since = Date.now();
    return had;
  }
}
