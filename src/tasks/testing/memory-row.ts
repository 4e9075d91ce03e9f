import type { Attempt } from '../store/attempt.entity.js';
import type { AuditEntry } from '../store/audit-entry.entity.js';
import type { NewTask } from '../store/new-task.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import type { AttemptOutcome } from '../store/states.js';
import type { RecordedError, TaskRow } from '../store/task-record.entity.js';

/** The name of the worker of a test. */
export const WORKER = 'test';

/** A task's row in memory, live or finished, with all that belongs to it. */
export interface MemoryRow extends TaskRow {
  readonly task: NewTask;
  flags: number;
  /** Of how many others it waits for the end; 0 for a signal. */
  waitingOn: number | null;
  /** Claimable since; null: delayed, running or finished. In the order of becoming ready. */
  ready: number | null;
  running: boolean;
  readonly attempts: (Attempt & { worker: string | null })[];
  readonly audit: AuditEntry[];
}

export function newRow(task: NewTask, now: Date): MemoryRow {
  const at = (ms: number | null, time: string | null) =>
    ms !== null ? new Date(now.getTime() + ms) : time === null ? null : new Date(time);
  return {
    task,
    id: task.id,
    name: task.name,
    queue: task.queue,
    state: task.waitingOn === null ? 'PENDING' : 'WAITING',
    priority: task.priority,
    attempt: 0,
    retries: 0,
    crashes: 0,
    dispatch: 1,
    codec: 0,
    flags: task.flags,
    waitingOn: task.waitingOn,
    fence: null,
    owner: task.owner,
    tags: parse(task.tags),
    args: parse(task.args),
    options: parse(task.options),
    progress: null,
    result: null,
    error: null,
    worker: null,
    rootId: task.rootId,
    parentId: task.parentId,
    groupId: task.groupId,
    workflowId: task.workflowId,
    createdAt: now,
    dueAt: at(task.delayMs, task.eta),
    startedAt: null,
    finishedAt: null,
    expiresAt: at(task.lifetimeMs, task.expires),
    revokeAt: null,
    ready: null,
    running: false,
    attempts: [],
    audit: [],
  };
}

/** As a worker claims it. */
export function claimed(row: MemoryRow): ClaimedTask {
  const { id, dispatch, name, queue, priority, attempt, retries, crashes, owner, tags, options, flags } = row;
  return {
    id,
    dispatch,
    name,
    queue,
    priority,
    attempt,
    retries,
    crashes,
    owner,
    tags,
    options,
    flags,
    fence: String(dispatch),
    args: row.task.args,
    ready_at: '',
    parent_id: row.parentId,
    root_id: row.rootId,
    group_id: row.groupId,
    workflow_id: row.workflowId,
  };
}

const parse = (json: string | null) => (json === null ? null : JSON.parse(json)) as never;

/** An attempt has ended. */
export function noteAttempt(
  row: MemoryRow,
  outcome: AttemptOutcome,
  error: RecordedError | null,
  endedAt: Date,
): void {
  const { id: taskId, dispatch, attempt, startedAt } = row;
  const noted = { taskId, dispatch, attempt, startedAt, endedAt, outcome, error };
  row.attempts.push({ ...noted, workerId: null, worker: WORKER });
}

/** An operator did something. */
export function noteAction(row: MemoryRow, action: string, by: string | null, at: Date): void {
  const id = String(row.audit.length + 1);
  row.audit.push({ id, at, by, action, taskId: row.id, detail: null });
}

export const revocation = (message: string): RecordedError => ({ name: 'TaskRevokedError', message });

/** What waits for others is not due before they have ended. */
export const mayBeDue = ({ state, waitingOn }: MemoryRow) => state !== 'WAITING' || waitingOn === 0;
