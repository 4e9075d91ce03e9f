import { Reflector } from '@nestjs/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Duration } from '../duration.js';
import type { LimitOptions } from './limits.js';
import type { TaskSettingOptions } from './task-settings.js';
import type { UniqueOptions } from './unique.js';

/** A class of errors, or a predicate on what was thrown. */
export type ErrorMatcher = (abstract new (...args: never[]) => unknown) | ((error: unknown) => boolean);

/** When and how often a failed task is tried again. Without `retry` nothing is retried. */
export interface RetryOptions {
  /** Only these errors are retried. Default: every error. */
  for?: readonly ErrorMatcher[] | undefined;
  /** These errors are never retried, even when `for` names them. Default: none. */
  notFor?: readonly ErrorMatcher[] | undefined;
  /** How often it is tried again after the first attempt; null for ever. Default 3. */
  max?: number | null | undefined;
  /** The wait before a retry; with `backoff` its factor. Default '1s' with backoff. */
  delay?: Duration | undefined;
  /** Doubles the wait with each retry; a number is the factor in seconds (Celery's retry_backoff). Default true, unless `delay` is given alone. */
  backoff?: boolean | number | undefined;
  /** The longest wait that the backoff reaches. Default '600s'. */
  backoffMax?: Duration | undefined;
  /** Takes a random wait between 0 and the computed one, so that many failures do not return at once. Default true with backoff. */
  jitter?: boolean | undefined;
}

/** The options of `@Task()`. */
export interface TaskOptions extends TaskSettingOptions {
  /** Unique in the application. Default: the class's name without `Tasks`, first letter lowered, a dot, the method's name. */
  name?: string | undefined;
  /** Former names that are still waiting in queues. Default: none. */
  aliases?: readonly string[] | undefined;
  /** The queue it waits in. Default: what `forRoot({ routes })` says, then `defaults.queue`, then 'default'. */
  queue?: string | undefined;
  /** Errors that are expected: the log tells of them without their stack. Default: none. */
  throws?: readonly ErrorMatcher[] | undefined;
  /**
   * A Standard Schema (zod, valibot, arktype …) for each argument, in their order. A submission that does not fit is
   * refused; the handler gets what the schema makes of it. Default: parameters of class-validator classes are checked
   * at submission, and by Nest's own pipes in the worker.
   */
  args?: readonly (StandardSchemaV1 | undefined)[] | undefined;
  /** A Standard Schema for the result: one that does not fit fails the task, without a retry. Default: none. */
  returns?: StandardSchemaV1 | undefined;
  /** Limits across all workers; it passes every one of them. Default: none. */
  limit?: LimitOptions | readonly LimitOptions[] | undefined;
  /** Whether there may be only one task of the same; true: with the same arguments, until it has ended. Default false. */
  unique?: boolean | UniqueOptions | undefined;
  /**
   * Runs it outside of the worker's event loop, for work that keeps a processor busy: in a 'process' or a 'thread' that
   * has the application loaded and is kept for the next task. Its hard time limit ends it whatever it does. A thread
   * starts sooner; a process also survives a crash of native code. Default: in the worker's own loop.
   */
  isolate?: 'process' | 'thread' | undefined;
  /** Whether it can be submitted over HTTP. Default false. */
  http?: boolean | undefined;
}

/**
 * Makes a provider's method a task.
 *
 * The decorator sits on the method, as Nest's own do: a subclass inherits its parent's tasks under its own class's
 * name, and a method that overrides one is a task only when it is decorated itself.
 */
export const Task = Reflector.createDecorator<TaskOptions | undefined, TaskOptions>({
  key: 'celeriac:task',
  transform: (options) => options ?? {},
});

const CONTEXT_PARAMETER = Symbol('celeriac:context');

/**
 * The task's context as a parameter, where its type cannot say so (an interface, an `import type`):
 * `thumbnail(input: Input, @Ctx() ctx: TaskContext)`.
 */
export function Ctx(): ParameterDecorator {
  return (target, method, index) => {
    if (method !== undefined) Reflect.defineMetadata(CONTEXT_PARAMETER, index, target, method);
  };
}

/** The index that `@Ctx()` marked, if any. */
export function markedContextIndex(prototype: object, method: string): number | undefined {
  return Reflect.getMetadata(CONTEXT_PARAMETER, prototype, method) as number | undefined;
}
