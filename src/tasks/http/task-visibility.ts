import type { TaskRecord } from '../submission/task-view.js';
import type { Principal } from './principal.js';

/** The record as this principal may see it: keys that only submit see no stacks. */
export function viewFor(record: TaskRecord, { role }: Principal): TaskRecord {
  if (role !== 'submit' || !record.error) return record;
  return { ...record, error: { ...record.error, stack: undefined } };
}
