import type { Page, Task } from './types.js';

/** What is there of a list, newest first. Cursors are ids. */
export interface LoadedRows {
  readonly rows: readonly Task[];
  /** Where to go on; null when all are there. */
  readonly next: string | null;
  /** How many were asked for. */
  readonly wanted: number;
}

/**
 * The newest, read again. Older ones stay where they go on from these: not where all that fit are read, nor where so
 * many are new that there are others between. @param limit of the page
 */
export function withNewest(
  { rows, next, wanted }: LoadedRows,
  { items, nextCursor }: Page<Task>,
  limit: number,
): LoadedRows {
  if (nextCursor === null) return { rows: items, next: null, wanted };
  const before = rows[0]?.id ?? '';
  if (items.length >= limit && before < nextCursor) return { rows: items, next: nextCursor, wanted };
  const older = rows.filter((row) => row.id < nextCursor);
  const lookedFurther = next !== null && next < nextCursor;
  return cut({
    rows: [...items, ...older],
    next: older.length > 0 || lookedFurther ? next : nextCursor,
    wanted,
  });
}

/** @param cursor where the page goes on from; what was read meanwhile may end elsewhere */
export function withOlder(before: LoadedRows, { items, nextCursor }: Page<Task>, cursor: string): LoadedRows {
  if (before.next !== cursor) return before;
  return { ...before, rows: [...before.rows, ...items], next: nextCursor };
}

/** Those that changed as they are now, without those whose state no longer fits. @param states of the filter */
export function withChanged(
  before: LoadedRows,
  changed: ReadonlyMap<string, Task>,
  states: string | undefined,
): LoadedRows {
  const rows = before.rows.flatMap((row) => {
    const now = changed.get(row.id);
    if (!now) return row;
    return states === undefined || states.split(',').includes(now.state) ? now : [];
  });
  return { ...before, rows };
}

function cut({ rows, next, wanted }: LoadedRows): LoadedRows {
  if (rows.length <= wanted) return { rows, next, wanted };
  const kept = rows.slice(0, wanted);
  return { rows: kept, next: kept.at(-1)!.id, wanted };
}
