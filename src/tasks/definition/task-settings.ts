import { MAX_TIMER_MS, toMilliseconds, type Duration } from '../duration.js';
import { InvalidOptionError } from '../errors.js';
import { resolveRetry, type RetryPolicy } from './retry-policy.js';
import type { RetryOptions } from './task.decorator.js';
import { assertPriority } from './option-checks.js';
import { assertTexts, type Texts } from './texts.js';

/**
 * How tasks run, as the module (`forRoot({ defaults })`), a queue, `@Task()` and a call may say it. The nearest one
 * that says it wins: the call, then the task, the queue, the module.
 */
export interface TaskSettingOptions {
  /** 0 to 9, 9 first. Default 0. */
  priority?: number | undefined;
  /** Default: no retry. `true` retries every error with the defaults. */
  retry?: boolean | RetryOptions | undefined;
  /** After this long `ctx.signal` is aborted with a SoftTimeLimitExceededError. Default: none. */
  softTimeLimit?: Duration | undefined;
  /**
   * After this long the task is written off: FAILURE with a TimeLimitExceededError, whatever its handler still does.
   * Its signal is aborted and its slot is free. Default: none.
   */
  timeLimit?: Duration | undefined;
  /** A task not started within this time of its submission is revoked (reason `expired`). Default: none. */
  expires?: Duration | undefined;
  /**
   * false: at most once. A task whose worker dies or stops under it ends as FAILURE with a WorkerLostError instead of
   * running again. Default true: at least once.
   */
  acksLate?: boolean | undefined;
  /** Keeps neither the result nor, unless `storeErrorsEvenIfIgnored`, what an error said. Default false. */
  ignoreResult?: boolean | undefined;
  /** Keeps errors although `ignoreResult`. Default false. */
  storeErrorsEvenIfIgnored?: boolean | undefined;
  /** The record is removed this long after its end. Default: it is kept. */
  resultExpires?: Duration | undefined;
  /** Texts by name that go with the task, and with the tasks that it submits. Default: none. */
  headers?: Texts | undefined;
  /** Shown and searched by; texts by name. Default: none. */
  tags?: Texts | undefined;
}

/** {@link TaskSettingOptions} of one level, checked. */
export interface GivenSettings {
  readonly priority?: number;
  readonly retry?: boolean | RetryOptions;
  readonly softTimeLimitMs?: number;
  readonly timeLimitMs?: number;
  readonly expiresMs?: number;
  readonly acksLate?: boolean;
  readonly ignoreResult?: boolean;
  readonly storeErrorsEvenIfIgnored?: boolean;
  readonly resultExpiresMs?: number;
  readonly headers?: Texts;
  readonly tags?: Texts;
}

/** What all levels come to. */
export interface TaskSettings extends Omit<GivenSettings, 'retry'> {
  readonly priority: number;
  readonly retry: RetryPolicy | undefined;
  readonly acksLate: boolean;
  readonly ignoreResult: boolean;
  readonly storeErrorsEvenIfIgnored: boolean;
}

export const SETTING_NAMES = [
  'priority',
  'retry',
  'softTimeLimit',
  'timeLimit',
  'expires',
  'acksLate',
  'ignoreResult',
  'storeErrorsEvenIfIgnored',
  'resultExpires',
  'headers',
  'tags',
] as const satisfies readonly (keyof TaskSettingOptions)[];

/** @throws InvalidOptionError naming the option, `path` before it */
export function readSettings(options: TaskSettingOptions, path = ''): GivenSettings {
  const at = (name: keyof TaskSettingOptions) => `${path}${name}`;
  const duration = (name: 'softTimeLimit' | 'timeLimit' | 'expires' | 'resultExpires') =>
    options[name] === undefined ? undefined : toMilliseconds(options[name], at(name));
  const flag = (name: 'acksLate' | 'ignoreResult' | 'storeErrorsEvenIfIgnored') =>
    options[name] === undefined ? undefined : assertFlag(options[name], at(name));

  if (options.retry !== undefined) resolveRetry(options.retry, undefined, at('retry'));
  const softTimeLimitMs = limit(duration('softTimeLimit'), at('softTimeLimit'));
  const timeLimitMs = limit(duration('timeLimit'), at('timeLimit'));
  if (softTimeLimitMs !== undefined && timeLimitMs !== undefined && softTimeLimitMs >= timeLimitMs)
    throw new InvalidOptionError(at('softTimeLimit'), 'less than timeLimit', options.softTimeLimit);
  return given({
    priority: options.priority === undefined ? undefined : assertPriority(options.priority, at('priority')),
    retry: options.retry,
    softTimeLimitMs,
    timeLimitMs,
    expiresMs: duration('expires'),
    acksLate: flag('acksLate'),
    ignoreResult: flag('ignoreResult'),
    storeErrorsEvenIfIgnored: flag('storeErrorsEvenIfIgnored'),
    resultExpiresMs: duration('resultExpires'),
    headers: options.headers === undefined ? undefined : assertTexts(options.headers, at('headers')),
    tags: options.tags === undefined ? undefined : assertTexts(options.tags, at('tags')),
  });
}

/** @param levels the farthest first */
export function mergeSettings(levels: readonly GivenSettings[]): TaskSettings {
  const merged: GivenSettings = Object.assign({}, ...levels);
  let retry: RetryPolicy | undefined;
  for (const level of levels) retry = resolveRetry(level.retry, retry);
  return {
    priority: 0,
    acksLate: true,
    ignoreResult: false,
    storeErrorsEvenIfIgnored: false,
    ...merged,
    retry,
    ...mergeTexts('headers', levels),
    ...mergeTexts('tags', levels),
  };
}

function mergeTexts(name: 'headers' | 'tags', levels: readonly GivenSettings[]) {
  return levels.some((level) => level[name])
    ? { [name]: Object.assign({}, ...levels.map((level) => level[name])) as Texts }
    : {};
}

/** @throws InvalidOptionError */
export function assertFlag(value: unknown, option: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new InvalidOptionError(option, 'true or false', value);
}

function limit(ms: number | undefined, option: string): number | undefined {
  if (ms === undefined || (ms > 0 && ms <= MAX_TIMER_MS)) return ms;
  throw new InvalidOptionError(option, 'more than 0 and at most 24 days', `${ms} ms`);
}

/** Without what was not given, so that one level does not hide another. */
function given(settings: { [K in keyof GivenSettings]: GivenSettings[K] | undefined }): GivenSettings {
  const without: Record<string, unknown> = {};
  for (const name in settings) {
    const value = settings[name as keyof GivenSettings];
    if (value !== undefined) without[name] = value;
  }
  return without;
}
