import type { TaskRegistry } from '../definition/task-registry.js';
import { effectiveSettings } from '../definition/effective-settings.js';
import { resolveRetry } from '../definition/retry-policy.js';
import type { RetryOptions } from '../definition/task.decorator.js';
import type { TaskState } from '../store/states.js';
import type { RecordedError, TaskProgress, TaskRow } from '../store/task-record.entity.js';

/** A task's record, the same everywhere: in code, over HTTP, in the dashboard. Times are ISO 8601 in UTC. */
export interface TaskRecord {
  id: string;
  name: string;
  queue: string;
  state: TaskState;
  /** null in lists. */
  args: unknown[] | null;
  /** null until SUCCESS, and in lists. */
  result: unknown;
  error: RecordedError | null;
  progress: TaskProgress | null;
  /** Counts every start. */
  attempt: number;
  /** Counts the retries that were charged. */
  retries: number;
  /** null: for ever, or not known here. */
  maxRetries: number | null;
  priority: number;
  /** The name of the worker that holds it, or that held it last. */
  worker: string | null;
  owner: string | null;
  tags: Record<string, string>;
  /** What its submission sent along. */
  headers: Record<string, string>;
  parentId: string | null;
  rootId: string | null;
  groupId: string | null;
  /** The workflow that it belongs to, or null. */
  workflowId: string | null;
  idempotencyKey: string | null;
  /** `bullmq`: it records a job of another system, which alone moves it; null: it is a task. */
  source: 'bullmq' | null;
  meta: unknown;
  createdAt: string;
  dueAt: string | null;
  startedAt: string | null;
  finishedAt: string | null;
  expiresAt: string | null;
  revokeRequestedAt: string | null;
  /** `revoked` or `expired`. */
  revokedReason: string | null;
  /** From the start of the last attempt to its end, in milliseconds; null before. */
  runtimeMs: number | null;
}

export function toRecord(row: TaskRow, registry: TaskRegistry): TaskRecord {
  const revoked = row.state === 'REVOKED';
  return {
    id: row.id,
    name: row.name,
    queue: row.queue,
    state: row.state,
    args: row.args ?? null,
    result: row.result ?? null,
    error: revoked ? null : (row.error ?? null),
    progress: row.progress ?? null,
    attempt: row.attempt,
    retries: row.retries,
    maxRetries: maxRetries(row, registry),
    priority: row.priority,
    worker: row.worker ?? null,
    owner: row.owner ?? null,
    tags: row.tags ?? {},
    headers: row.options?.headers ?? {},
    parentId: row.parentId ?? null,
    rootId: row.rootId ?? null,
    groupId: row.groupId ?? null,
    workflowId: row.workflowId ?? null,
    idempotencyKey: row.options?.idempotencyKey ?? null,
    source: row.options?.job ? 'bullmq' : null,
    meta: row.options?.meta ?? null,
    createdAt: row.createdAt.toISOString(),
    dueAt: iso(row.dueAt) ?? row.options?.job?.dueAt ?? null,
    startedAt: iso(row.startedAt),
    finishedAt: iso(row.finishedAt),
    expiresAt: iso(row.expiresAt),
    revokeRequestedAt: iso(row.revokeAt),
    revokedReason: revoked ? (row.error?.message ?? 'revoked') : null,
    runtimeMs: row.startedAt && row.finishedAt ? row.finishedAt.getTime() - row.startedAt.getTime() : null,
  };
}

function maxRetries(row: TaskRow, registry: TaskRegistry): number | null {
  const definition = registry.find(row.name);
  const given = row.options?.retry as boolean | RetryOptions | undefined;
  if (definition === undefined && given === undefined) return null;
  const policy = definition ? effectiveSettings(row, definition).retry : resolveRetry(given, undefined);
  return policy === undefined ? 0 : policy.max;
}

const iso = (date: Date | null | undefined) => date?.toISOString() ?? null;
