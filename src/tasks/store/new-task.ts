import type { Gate } from '../definition/limits.js';
import type { UniqueClaim } from '../definition/unique.js';

/** A checked submission, ready to be inserted. */
export interface NewTask {
  /** UUIDv7. */
  readonly id: string;
  /** A new task is its own first dispatch. */
  readonly dispatch: 1;
  readonly name: string;
  readonly queue: string;
  readonly priority: number;
  /** Not before this time (ISO 8601), or null. */
  readonly eta: string | null;
  /** Not before this many milliseconds after the database received it, or null. */
  readonly delayMs: number | null;
  /** Revoked when not started by this time (ISO 8601), or null. */
  readonly expires: string | null;
  /** The same, in milliseconds after the database received it. */
  readonly lifetimeMs: number | null;
  readonly owner: string | null;
  /** JSON, or null. */
  readonly tags: string | null;
  /** The arguments as a JSON array. */
  readonly args: string;
  /** Whether `args` are too large to lie in the row itself. */
  readonly large: boolean;
  /** JSON of RecordedOptions, or null. */
  readonly options: string | null;
  /** See `columns.ts`. */
  readonly flags: number;
  /** The task that submitted it, and the first of its ancestors. */
  readonly parentId: string | null;
  readonly rootId: string | null;
  /** Of how many others it waits for the end, or null. */
  readonly waitingOn: number | null;
  readonly groupId: string | null;
  readonly workflowId: string | null;
  /** What it must pass before a worker may take it. */
  readonly gates: readonly Gate[];
  /** Its claim to be the only one of the same. */
  readonly unique: UniqueClaim | null;
}

/** Whether its row has more columns than most: a longer statement inserts those. */
export function isExtended(task: NewTask): boolean {
  return task.flags !== 0 || task.parentId !== null || task.workflowId !== null;
}

/** Whether a worker may take it at once. */
export function isReady(task: NewTask): boolean {
  return task.waitingOn === null && task.eta === null && task.delayMs === null && task.gates.length === 0;
}
