import type { Attempt } from '../store/attempt.entity.js';
import type { AuditEntry } from '../store/audit-entry.entity.js';
import type { RecordedError } from '../store/task-record.entity.js';
import type { TaskRecord } from './task-view.js';

/** One thing that happened to a task. */
export interface HistoryEntry {
  /** ISO 8601 in UTC. */
  at: string;
  /** `submitted`, `succeeded`, the outcome of an attempt (failed, retried, lost …), or what an operator did. */
  kind: string;
  attempt: number | null;
  worker: string | null;
  error: RecordedError | null;
  /** Who did it, for what operators did. */
  by: string | null;
}

/** Oldest first. Attempts that ended well are not kept one by one: the record itself tells of the last. */
export function historyOf(
  record: TaskRecord,
  attempts: readonly (Attempt & { worker: string | null })[],
  audit: readonly AuditEntry[],
): HistoryEntry[] {
  const none = { attempt: null, worker: null, error: null, by: null };
  const entries: HistoryEntry[] = [{ ...none, at: record.createdAt, kind: 'submitted' }];
  for (const { endedAt, outcome, attempt, worker, error } of attempts)
    entries.push({ ...none, at: endedAt.toISOString(), kind: outcome, attempt, worker, error });
  for (const { at, action, by } of audit) entries.push({ ...none, at: at.toISOString(), kind: action, by });
  if (record.state === 'SUCCESS')
    entries.push({
      ...none,
      at: record.finishedAt!,
      kind: 'succeeded',
      attempt: record.attempt,
      worker: record.worker,
    });
  return entries.sort((a, b) => a.at.localeCompare(b.at));
}
