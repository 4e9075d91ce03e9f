import { ARGS_IN_PAYLOAD } from '../store/columns.js';
import type { NewTask } from '../store/new-task.js';
import type { RecordedOptions, TaskRow } from '../store/task-record.entity.js';

/**
 * The row that an insert has stored, without reading it back.
 * @param createdAt as the database has it
 * @returns undefined with fractions of milliseconds, which the database rounds in its own way
 */
export function acceptedRow(task: NewTask, createdAt: Date): TaskRow | undefined {
  if (!Number.isInteger(task.delayMs ?? 0) || !Number.isInteger(task.lifetimeMs ?? 0)) return undefined;
  const after = (ms: number | null) => (ms === null ? null : new Date(createdAt.getTime() + ms));
  const at = (time: string | null) => (time === null ? null : new Date(time));
  return {
    id: task.id,
    name: task.name,
    queue: task.queue,
    state: 'PENDING',
    priority: task.priority,
    attempt: 0,
    retries: 0,
    crashes: 0,
    dispatch: task.dispatch,
    codec: task.large ? ARGS_IN_PAYLOAD : 0,
    fence: null,
    owner: task.owner,
    tags: task.tags === null ? null : (JSON.parse(task.tags) as Record<string, string>),
    args: JSON.parse(task.args) as unknown[],
    options: task.options === null ? null : (JSON.parse(task.options) as RecordedOptions),
    progress: null,
    result: null,
    error: null,
    worker: null,
    rootId: task.rootId,
    parentId: task.parentId,
    groupId: task.groupId,
    workflowId: task.workflowId,
    createdAt,
    dueAt: at(task.eta) ?? after(task.delayMs),
    startedAt: null,
    finishedAt: null,
    expiresAt: at(task.expires) ?? after(task.lifetimeMs),
    revokeAt: null,
  };
}
