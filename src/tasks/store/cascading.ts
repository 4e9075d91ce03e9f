import { HAS_DEPENDENTS, WIDE } from './columns.js';
import type { Runner, Statement } from './database.js';
import type { CascadeRow } from './statements/cascade.js';
import { noted, type ReadyBatch } from './ready-batch.js';
import { isFinal } from './states.js';

/** What the ends of tasks did to those that waited for them. */
export interface Cascade {
  /** What may be taken now. */
  readonly ready: ReadyBatch;
  /** What waits for its time or its limits from now on. */
  readonly later: boolean;
  /** What cannot run any more, and has ended. */
  readonly ended: readonly CascadeRow[];
  /** Every row that has changed. */
  readonly changed: readonly string[];
  /** Whether more is to be done in steps: `WorkflowStore.cascadeStep`. */
  readonly more: boolean;
}

export const NO_CASCADE: Cascade = {
  ready: { tasks: [], outbox: [] },
  later: false,
  ended: [],
  changed: [],
  more: false,
};

export function cascadeOf(rows: readonly CascadeRow[], more: boolean): Cascade {
  const released = rows.filter((row) => row.state === 'PENDING');
  const ended = rows.filter((row) => isFinal(row.state));
  return {
    ready: { tasks: released.filter((row) => row.ready), outbox: noted(rows) },
    later: released.some((row) => !row.ready),
    ended,
    changed: [...released, ...ended].map((row) => row.id),
    more: more || ended.some((row) => row.wide),
  };
}

interface EndedRow {
  readonly id: string;
  readonly flags: number;
}

/** In the transaction that ended the rows. @param statement `cascade()` */
export async function cascadeFrom(
  runner: Runner,
  statement: Statement,
  rows: readonly EndedRow[],
): Promise<Cascade> {
  const awaited = rows.filter((row) => row.flags & HAS_DEPENDENTS);
  if (awaited.length === 0) return NO_CASCADE;
  const ids = awaited.map((row) => row.id).sort();
  return cascadeOf(await runner.run<CascadeRow>(statement, [ids]), isWide(awaited));
}

/** Whether dependents of ended tasks are left to `WorkflowStore.cascadeStep`. */
export function isWide(ended: readonly EndedRow[]): boolean {
  return ended.some((row) => row.flags & WIDE);
}
