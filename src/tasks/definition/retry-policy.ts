import { toMilliseconds } from '../duration.js';
import { InvalidOptionError } from '../errors.js';
import type { ErrorMatcher, RetryOptions } from './task.decorator.js';

/** {@link RetryOptions} with every default in its place and every duration in milliseconds. */
export interface RetryPolicy {
  readonly for: readonly ErrorMatcher[] | undefined;
  readonly notFor: readonly ErrorMatcher[];
  readonly max: number | null;
  readonly delayMs: number;
  readonly backoff: boolean;
  readonly backoffMaxMs: number;
  readonly jitter: boolean;
}

/** The part of a retry policy that a call may override: it must be JSON. */
export type CallRetryOptions = Omit<RetryOptions, 'for' | 'notFor'>;

const DEFAULTS: RetryPolicy = {
  for: undefined,
  notFor: [],
  max: 3,
  delayMs: 1000,
  backoff: true,
  backoffMaxMs: 600_000,
  jitter: true,
};

const FIELDS = ['for', 'notFor', 'max', 'delay', 'backoff', 'backoffMax', 'jitter'];

/**
 * The retry policy that the options ask for, on top of `base`.
 * @throws InvalidOptionError naming the field.
 */
export function resolveRetry(
  options: boolean | RetryOptions | undefined,
  base: RetryPolicy | undefined,
  path = 'retry',
): RetryPolicy | undefined {
  if (options === undefined) return base;
  if (options === false) return undefined;
  if (options === true) return base ?? DEFAULTS;
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new InvalidOptionError(path, 'true, false or an object of retry options', options);
  for (const field of Object.keys(options))
    if (!FIELDS.includes(field))
      throw new InvalidOptionError(`${path}.${field}`, `one of ${FIELDS.join(', ')}`, field);

  const from = base ?? DEFAULTS;
  const { max, delay, backoff, backoffMax, jitter } = options;
  if (max !== undefined && max !== null && !(Number.isInteger(max) && max >= 0 && max <= 30_000))
    throw new InvalidOptionError(
      `${path}.max`,
      'a whole number from 0 to 30000, or null',
      max,
      'RETRY_OUT_OF_RANGE',
    );
  if (backoff !== undefined && typeof backoff !== 'boolean' && !(typeof backoff === 'number' && backoff > 0))
    throw new InvalidOptionError(`${path}.backoff`, 'true, false or a factor in seconds above 0', backoff);
  if (jitter !== undefined && typeof jitter !== 'boolean')
    throw new InvalidOptionError(`${path}.jitter`, 'true or false', jitter);

  const delayMs = delay === undefined ? undefined : toMilliseconds(delay, `${path}.delay`);
  // A delay given alone means just that delay, as Celery's default_retry_delay does.
  const doubles = backoff === undefined ? (delayMs === undefined ? from.backoff : false) : backoff !== false;
  return {
    for: matchers(options.for, `${path}.for`) ?? from.for,
    notFor: matchers(options.notFor, `${path}.notFor`) ?? from.notFor,
    max: max === undefined ? from.max : max,
    delayMs: typeof backoff === 'number' ? backoff * 1000 : (delayMs ?? from.delayMs),
    backoff: doubles,
    backoffMaxMs:
      backoffMax === undefined ? from.backoffMaxMs : toMilliseconds(backoffMax, `${path}.backoffMax`),
    jitter: jitter ?? (doubles && from.jitter),
  };
}

/** Whether this policy tries again after `error`, when `retries` have been charged already. */
export function mayRetry(policy: RetryPolicy, error: unknown, retries: number): boolean {
  if (policy.max !== null && retries >= policy.max) return false;
  if (matchesAny(policy.notFor, error)) return false;
  return policy.for === undefined || matchesAny(policy.for, error);
}

/**
 * The wait before the next retry in milliseconds: Celery's `get_exponential_backoff_interval`,
 * min(backoffMax, factor × 2^retries), and with jitter a uniform share of it.
 */
export function retryDelay(policy: RetryPolicy, retries: number, random: () => number = Math.random): number {
  // 2^30 is beyond every backoffMax; the bound keeps the power finite
  const wait = policy.backoff
    ? Math.min(policy.backoffMaxMs, policy.delayMs * 2 ** Math.min(retries, 30))
    : policy.delayMs;
  return policy.jitter ? Math.floor(random() * (wait + 1)) : wait;
}

/** @throws InvalidOptionError */
export function matchers(
  given: readonly ErrorMatcher[] | undefined,
  path: string,
): readonly ErrorMatcher[] | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given) || given.some((matcher) => typeof matcher !== 'function'))
    throw new InvalidOptionError(path, 'an array of error classes or predicates', given);
  return given;
}

export function matchesAny(all: readonly ErrorMatcher[], error: unknown): boolean {
  return all.some((matcher) => matches(matcher, error));
}

function matches(matcher: ErrorMatcher, error: unknown): boolean {
  if (isClass(matcher)) return error instanceof matcher;
  try {
    return (matcher as (error: unknown) => boolean)(error);
  } catch {
    // it looked for something that this error does not have
    return false;
  }
}

function isClass(matcher: ErrorMatcher): matcher is abstract new () => Error {
  if (matcher === Error || matcher.prototype instanceof Error) return true;
  return /^class[\s{]/.test(Function.prototype.toString.call(matcher));
}
