import { QueueFullError, StoreUnavailableError } from '../errors.js';
import { isTransient } from '../store/database.js';
import type { TaskStore } from '../store/task-store.js';

/** A count is good for this long at least… */
const FRESH_MS = 500;
/** …and for so many times what it took, so that counting a large queue never keeps the database busy. */
const FRESH_FACTOR = 20;

interface Depth {
  /** How many were ready when it was counted, and how many were accepted here since. */
  waiting: number;
  freshUntil: number;
}

/**
 * Refuses what would overfill a queue. Tasks that are ready to be taken count; delayed ones when they are due. Each
 * process counts now and then and adds what it accepts, so several may together go over by what they accept meanwhile.
 */
export class QueueLimits {
  private readonly depths = new Map<string, Depth>();
  private readonly counting = new Map<string, Promise<Depth>>();

  constructor(
    private readonly limits: ReadonlyMap<string, number>,
    private readonly store: Pick<TaskStore, 'countReady'>,
  ) {}

  /**
   * All or none.
   * @throws QueueFullError
   * @throws StoreUnavailableError
   */
  async admit(tasks: readonly { queue: string }[]): Promise<void> {
    const counts = new Map<string, number>();
    for (const { queue } of tasks)
      if (this.limits.has(queue)) counts.set(queue, (counts.get(queue) ?? 0) + 1);
    for (const queue of counts.keys()) await this.refresh(queue);
    // from here on nothing is awaited: nobody comes between the check and the reservation
    for (const [queue, count] of counts) {
      const limit = this.limits.get(queue)!;
      if (this.depths.get(queue)!.waiting + count > limit) throw new QueueFullError(queue, limit);
    }
    for (const [queue, count] of counts) this.depths.get(queue)!.waiting += count;
  }

  private async refresh(queue: string): Promise<void> {
    const known = this.depths.get(queue);
    if (known && known.freshUntil > performance.now()) return;
    let counting = this.counting.get(queue);
    if (!counting) {
      counting = this.count(queue).finally(() => this.counting.delete(queue));
      this.counting.set(queue, counting);
    }
    await counting;
  }

  private async count(queue: string): Promise<Depth> {
    const since = performance.now();
    try {
      const waiting = await this.store.countReady(queue, this.limits.get(queue));
      const now = performance.now();
      const depth = { waiting, freshUntil: now + Math.max(FRESH_MS, FRESH_FACTOR * (now - since)) };
      this.depths.set(queue, depth);
      return depth;
    } catch (error) {
      if (!isTransient(error)) throw error;
      throw new StoreUnavailableError(`the database cannot be reached: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}
