import { Reflector } from '@nestjs/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Duration } from '../duration.js';

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
export interface TaskOptions {
  /** Unique in the application. Default: the class's name without `Tasks`, first letter lowered, a dot, the method's name. */
  name?: string | undefined;
  /** Former names that are still waiting in queues. Default: none. */
  aliases?: readonly string[] | undefined;
  /** The queue it waits in. Default 'default'. */
  queue?: string | undefined;
  /** 0 to 9, 9 first. Default 0. */
  priority?: number | undefined;
  /** Default: no retry. `true` retries every error with the defaults. */
  retry?: boolean | RetryOptions | undefined;
  /** After this long `ctx.signal` is aborted with a SoftTimeLimitExceededError. Default: none. */
  softTimeLimit?: Duration | undefined;
  /** A task not started within this time of its submission is revoked (reason `expired`). Default: none. */
  expires?: Duration | undefined;
  /**
   * A Standard Schema (zod, valibot, arktype …) for each argument, in their order, for submissions over HTTP.
   * Default: the method's own parameter types: numbers, texts, booleans, arrays and class-validator classes.
   */
  args?: readonly (StandardSchemaV1 | undefined)[] | undefined;
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
