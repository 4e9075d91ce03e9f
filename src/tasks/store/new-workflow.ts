import type { NewTask } from './new-task.js';

/** That one task waits for the end of another. */
export interface NewEdge {
  readonly parent: string;
  readonly child: string;
  /** Among the child's parents, from 0. */
  readonly position: number;
  /** See `EDGE_POLICY`. */
  readonly policy: number;
}

/** Checked tasks that wait for each other, ready to be inserted; parents come before their children. */
export interface NewWorkflow {
  /** The id of the task that ends last: the whole has its state and its result. */
  readonly id: string;
  readonly tasks: readonly NewTask[];
  readonly edges: readonly NewEdge[];
}
