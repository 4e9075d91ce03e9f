import { ViewColumn, ViewEntity } from 'typeorm';
import type { TaskState } from './states.js';

/** An error as it is recorded. */
export interface RecordedError {
  name: string;
  message: string;
  stack?: string | undefined;
  code?: string | undefined;
}

/** How far a task is. */
export interface TaskProgress {
  current: number;
  total: number | null;
  /** 0 to 100, or null without a total. */
  percent: number | null;
  message: string | null;
  detail: unknown;
}

/** What a call overrode of the task's own options, kept with the task. */
export interface RecordedOptions {
  retry?: unknown;
  softTimeLimitMs?: number;
  timeLimitMs?: number;
  ignoreResult?: boolean;
  storeErrorsEvenIfIgnored?: boolean;
  resultExpiresMs?: number;
  headers?: Record<string, string>;
  /** The keys of its gates, its line first. */
  gates?: string[];
  idempotencyKey?: string;
  meta?: unknown;
  /** How its arguments are made from what it waited for. */
  feed?: Feed;
  /** Its countdown and its lifetime, which begin when it need not wait for others any more. */
  delayMs?: number;
  lifetimeMs?: number;
  /** Until when it waits for which signals; null: for ever. */
  waits?: Record<string, string | null>;
  /** Whether other tasks have taken its place: their result is its own. */
  replaced?: boolean;
  /** The job of BullMQ's that it records, and when that is due. */
  job?: { id: string; dueAt?: string };
}

/**
 * What is made of the results of the tasks that one waited for, by their positions among these: a number is one result,
 * '*' the list of all, '!' the failure that an errback is told of; lists and objects hold more of the same.
 */
export type Feed = number | '*' | '!' | readonly Feed[] | { readonly [name: string]: Feed };

/**
 * A task's row, live or finished: the view `task_record` over both tables.
 *
 * `synchronize: false` keeps an application's `synchronize: true` from touching it.
 */
@ViewEntity({ name: 'task_record', synchronize: false })
export class TaskRow {
  @ViewColumn() id!: string;
  @ViewColumn() name!: string;
  @ViewColumn() queue!: string;
  @ViewColumn() state!: TaskState;
  @ViewColumn() priority!: number;
  @ViewColumn() attempt!: number;
  @ViewColumn() retries!: number;
  @ViewColumn() crashes!: number;
  @ViewColumn() dispatch!: number;
  /** Bits: 1 the arguments, 2 the result lie in `payload`. */
  @ViewColumn() codec!: number;
  @ViewColumn() fence!: string | null;
  @ViewColumn() owner!: string | null;
  @ViewColumn() tags!: Record<string, string> | null;
  @ViewColumn() args!: unknown[] | null;
  @ViewColumn() options!: RecordedOptions | null;
  @ViewColumn() progress!: TaskProgress | null;
  @ViewColumn() result!: unknown;
  @ViewColumn() error!: RecordedError | null;
  @ViewColumn() worker!: string | null;
  @ViewColumn({ name: 'root_id' }) rootId!: string | null;
  @ViewColumn({ name: 'parent_id' }) parentId!: string | null;
  @ViewColumn({ name: 'group_id' }) groupId!: string | null;
  @ViewColumn({ name: 'workflow_id' }) workflowId!: string | null;
  @ViewColumn({ name: 'created_at' }) createdAt!: Date;
  @ViewColumn({ name: 'due_at' }) dueAt!: Date | null;
  @ViewColumn({ name: 'started_at' }) startedAt!: Date | null;
  @ViewColumn({ name: 'finished_at' }) finishedAt!: Date | null;
  @ViewColumn({ name: 'expires_at' }) expiresAt!: Date | null;
  @ViewColumn({ name: 'revoke_at' }) revokeAt!: Date | null;
}
