import type { HistoryEntry } from '../submission/task-history.js';
import type { TaskRecord } from '../submission/task-view.js';
import type { Principal } from './access/principal.js';

/** The record as this principal may see it: keys that only submit see no stacks. */
export function viewFor(record: TaskRecord, principal: Principal): TaskRecord {
  return withoutStack(record, principal);
}

/** The history as this principal may see it. */
export function historyFor(entries: readonly HistoryEntry[], principal: Principal): HistoryEntry[] {
  return entries.map((entry) => withoutStack(entry, principal));
}

function withoutStack<T extends Pick<HistoryEntry, 'error'>>(shown: T, { role }: Principal): T {
  if (role !== 'submit' || !shown.error) return shown;
  return { ...shown, error: { ...shown.error, stack: undefined } };
}
