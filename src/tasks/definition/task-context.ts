import type { Duration } from '../duration.js';
import type { TaskLogger } from './task-logger.js';
import type { Texts } from './texts.js';
import type { Signature } from '../workflow/signature.js';

/** How a task asks to be run again, thrown by `ctx.retry()`. */
export interface RetryRequest {
  /** The wait. Default: what the task's `retry` options compute. */
  countdown?: Duration | undefined;
  /** Why; recorded with the attempt, and as the task's error when no retry is left. */
  cause?: unknown;
  /** Overrides the task's `retry.max` for this task from now on. Default: as it was. */
  max?: number | undefined;
}

/**
 * What a running task knows and may ask for. A handler takes it as its **last** parameter; callers never pass it.
 *
 * It is a class so that the parameter's type is found at run time: import it with `import { TaskContext }`, not with
 * `import type`. Code further down reaches it with {@link TaskContext.current}.
 */
export abstract class TaskContext {
  /** Set by the runner; kept here so that application code needs no import of its own for it. */
  private static store: { getStore(): TaskContext | undefined } | undefined;

  /** The context of the task that is running here, or undefined outside of one. */
  static current(): TaskContext | undefined {
    return TaskContext.store?.getStore();
  }

  /** @internal Called once, by the runner. */
  static useStore(store: { getStore(): TaskContext | undefined }): void {
    TaskContext.store = store;
  }

  /** The task's id, a UUIDv7. */
  abstract readonly id: string;
  abstract readonly name: string;
  abstract readonly queue: string;
  /** Counts every start, from 1. */
  abstract readonly attempt: number;
  /** Counts the retries that were charged, from 0. */
  abstract readonly retries: number;
  abstract readonly owner: string | null;
  abstract readonly tags: Texts;
  /** What its submission sent along: a correlation id, a tenant, `traceparent` … Tasks submitted here inherit it. */
  abstract readonly headers: Texts;
  /** The task that submitted this one, or null. */
  abstract readonly parentId: string | null;
  /** The first of its ancestors, or null. */
  abstract readonly rootId: string | null;
  /** The group that it is one of, or null. */
  abstract readonly groupId: string | null;
  /** The workflow that it belongs to, or null. */
  abstract readonly workflowId: string | null;
  /**
   * Aborted when the task is revoked, passes a time limit, or its worker stops or loses its lease. Give it to
   * `fetch`, `setTimeout` of `node:timers/promises`, streams; or call `ctx.signal.throwIfAborted()` now and then.
   */
  abstract readonly signal: AbortSignal;
  /** Lines that are kept with this attempt and seen live, at most 1,000 lines or 256 KB of them, for 30 days. */
  abstract readonly logger: TaskLogger;

  /**
   * Records how far the task is. Calls in quick succession are merged; the last one is always recorded.
   * @param current done so far, in any unit
   * @param total all there is to do; without it no percentage is shown
   * @param message a few words
   * @param detail any JSON, for example `{ bytes: 1024 }`
   */
  abstract progress(current: number, total?: number, message?: string, detail?: unknown): Promise<void>;

  /** Ends this attempt and tries again later; past the last retry the task fails with `cause`. */
  abstract retry(request?: RetryRequest): never;

  /** Ends the task as FAILURE at once, whatever retries are left. */
  abstract reject(reason: string): never;

  /**
   * Adds tasks to the group that this one belongs to: what waits for the group waits for them too, and gets their results
   * behind the others. They are submitted when this task succeeds, in the same transaction; an attempt that fails adds nothing.
   * @throws InvalidOptionError when it belongs to no group
   */
  abstract addToGroup(...steps: readonly Signature<never, unknown, true>[]): void;

  /**
   * Ends this attempt and puts another workflow in the place of this task: its result, or its failure, becomes this
   * task's, and what waits for this task waits for it.
   */
  abstract replace(step: Signature<never, unknown, true>): never;

  /**
   * Waits, without holding a slot, until `TaskService.workflows.signal(id, name, payload)` is called for this task or its
   * workflow. The handler is left, and **runs again from its start** when the signal has come; then this returns at once.
   * @param options `timeout` from the first wait on. Default: for ever.
   * @returns the signal's payload
   * @throws SignalTimeoutError
   */
  abstract waitFor<T = unknown>(name: string, options?: { timeout?: Duration | undefined }): Promise<T>;

  /** Ends this attempt and runs the task again after the wait; neither retries nor crashes are charged. */
  abstract snooze(wait: Duration): never;
}
