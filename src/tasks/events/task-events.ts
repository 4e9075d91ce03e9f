import type { RecordedError } from '../store/task-record.entity.js';
import type { Texts } from '../definition/texts.js';

/** What every event of a task has. */
interface OfTask {
  /** UUIDv7. */
  id: string;
  /** The task's name. */
  name: string;
  queue: string;
}

/** What the events of one attempt have. */
interface OfAttempt extends OfTask {
  /** Counts every start, from 1. */
  attempt: number;
  /** The name of the worker that ran it. */
  worker: string;
}

interface OfEnd extends OfAttempt {
  /** From the handler's start to its end. */
  runtimeMs: number;
}

interface OfFailure extends OfEnd {
  /** From another process: without its stack, the message at most 500 characters. */
  error: RecordedError;
}

interface OfWorker {
  /** Shown in records and logs. */
  worker: string;
  /** Its identity, a UUID; it changes when it loses its lease. */
  workerId: string;
}

/** Every event by its name, and what it carries; in brackets what Celery calls it. */
export interface TaskEventMap {
  /** About to be stored (before_task_publish). Only in the process that submits; a listener that throws refuses it. */
  submitting: OfTask & { args: readonly unknown[]; headers: Texts };
  /** Stored and committed (after_task_publish, task-sent). In a caller's transaction: stored, if that commits. */
  submitted: OfTask;
  /** Claimed by a worker (task_received, task-received). */
  received: OfAttempt;
  /** Its handler begins (task_prerun, task-started). */
  started: OfAttempt;
  /** Its handler has ended, however (task_postrun). What becomes of the task is not committed yet. */
  ended: OfEnd;
  /** (task_success, task-succeeded). From another process without the result: ask for the record. */
  succeeded: OfEnd & { result?: unknown };
  /** No retry is left (task_failure, task-failed). */
  failed: OfFailure;
  /** It will run again after `delayMs` (task_retry, task-retried). */
  retried: OfFailure & { delayMs: number };
  /** It asked to run later, uncharged. */
  snoozed: OfEnd & { delayMs: number };
  /** Its worker stops before it is done: it runs elsewhere. */
  released: OfEnd;
  /** By `ctx.reject()` (task_rejected, task-rejected). */
  rejected: OfFailure;
  /** Its worker does not have the task: it waits for one that has it (task_unknown). */
  unknown: OfAttempt;
  /** Revoked or expired (task_revoked, task-revoked). */
  revoked: OfTask & { reason: 'revoked' | 'expired' };
  /** It cannot run any more, because a task that it waited for has failed. */
  'upstream-failed': OfTask;
  /** Its worker died: it runs again, or has failed. */
  lost: OfTask;
  /** It begins to take tasks (worker_ready, worker-online). */
  'worker-online': OfWorker & { queues: readonly string[]; concurrency: number };
  /** It lives; about three times a lease (worker-heartbeat). */
  'worker-heartbeat': OfWorker & { active: number; processed: number };
  /** It takes nothing more and lets finish what runs (worker_shutting_down). */
  'worker-stopping': OfWorker;
  /** It has stopped (worker_shutdown, worker-offline). A worker that dies says nothing: its tasks are `lost`. */
  'worker-offline': OfWorker;
}

/** What can be listened to: the names of `TaskEventMap`. */
export type TaskEventName = keyof TaskEventMap;

/** An event as its listeners get it. */
export type TaskEvent<Name extends TaskEventName = TaskEventName> = {
  [N in Name]: TaskEventMap[N] & {
    event: N;
    /** ISO 8601 in UTC, by the clock of the process where it happened. */
    at: string;
  };
}[Name];

export const TASK_EVENTS = [
  'submitting',
  'submitted',
  'received',
  'started',
  'ended',
  'succeeded',
  'failed',
  'retried',
  'snoozed',
  'released',
  'rejected',
  'unknown',
  'revoked',
  'upstream-failed',
  'lost',
  'worker-online',
  'worker-heartbeat',
  'worker-stopping',
  'worker-offline',
] as const satisfies readonly TaskEventName[];
