import type { EntityManager } from 'typeorm';
import type { CallRetryOptions } from '../definition/retry-policy.js';
import { resolveRetry } from '../definition/retry-policy.js';
import { assertPriority, assertQueueName } from '../definition/describe-task.js';
import type { TaskDescription } from '../definition/task-definition.js';
import { toMilliseconds, type Duration } from '../duration.js';
import { InvalidOptionError, didYouMean } from '../errors.js';
import type { NewTask } from '../store/new-task.js';
import type { RecordedOptions } from '../store/task-record.entity.js';
import { assertJson } from './json.js';

/** The options of one call; what is left out is the task's own. */
export interface SubmitOptions {
  /** Default: the task's queue. */
  queue?: string | undefined;
  /** 0 to 9, 9 first. Default: the task's priority. */
  priority?: number | undefined;
  /** Not before this long from now, by the database's clock. Excludes `eta`. */
  countdown?: Duration | undefined;
  /** Not before this time: a Date, or an ISO 8601 text with a time zone. Excludes `countdown`. */
  eta?: Date | string | undefined;
  /** Revoked (reason `expired`) when not started by then: a duration from now, a Date, or an ISO 8601 text with a time zone. */
  expires?: Duration | Date | undefined;
  /** Overrides the task's `retry`, or false for none. */
  retry?: boolean | CallRetryOptions | undefined;
  /** Overrides the task's soft time limit. */
  softTimeLimit?: Duration | undefined;
  /** The same key with the same task, owner, arguments and options gives the same task back for 24 hours. */
  idempotencyKey?: string | undefined;
  /** Shown and searched by; texts by name. */
  tags?: Readonly<Record<string, string>> | undefined;
  /** Whose task it is: who may see it over HTTP. */
  owner?: string | undefined;
  /** Any JSON object, kept with the record. */
  meta?: Readonly<Record<string, unknown>> | undefined;
  /** Submits in this TypeORM transaction: committed means it runs, rolled back means it never existed. */
  manager?: EntityManager | undefined;
}

/** What a call's options come to. */
export interface ResolvedOptions extends Pick<
  NewTask,
  'queue' | 'priority' | 'eta' | 'delayMs' | 'expires' | 'lifetimeMs' | 'owner' | 'tags'
> {
  /** JSON of RecordedOptions, or null. */
  readonly recorded: string | null;
}

const NAMES = [
  'queue',
  'priority',
  'countdown',
  'eta',
  'expires',
  'retry',
  'softTimeLimit',
  'idempotencyKey',
  'tags',
  'owner',
  'meta',
  'manager',
];

/** @throws InvalidOptionError naming the option, what was expected and what was given. */
export function resolveOptions(task: TaskDescription, options: SubmitOptions): ResolvedOptions {
  for (const name in options)
    if (!NAMES.includes(name))
      throw new InvalidOptionError(
        name,
        `one of ${NAMES.join(', ')}${didYouMean(name, NAMES)}`,
        name,
        'UNKNOWN_PROPERTY',
      );
  if (options.countdown !== undefined && options.eta !== undefined)
    throw new InvalidOptionError('countdown', 'either countdown or eta', 'both', 'INVALID_DELAY');
  const delayMs =
    options.countdown === undefined ? null : toMilliseconds(options.countdown, 'countdown', 'INVALID_DELAY');
  const eta = options.eta === undefined ? null : toInstant(options.eta, 'eta');
  return {
    queue: options.queue === undefined ? task.queue : assertQueueName(options.queue),
    priority: options.priority === undefined ? task.priority : assertPriority(options.priority),
    delayMs: delayMs === 0 ? null : delayMs,
    eta,
    ...resolveExpiry(task, options, eta, delayMs),
    owner: resolveOwner(options.owner),
    tags: resolveTags(options.tags),
    recorded: resolveRecorded(options),
  };
}

function resolveExpiry(
  task: TaskDescription,
  options: SubmitOptions,
  eta: string | null,
  delayMs: number | null,
) {
  const given = options.expires;
  if (given === undefined && task.expiresMs === undefined) return { expires: null, lifetimeMs: null };
  if (given instanceof Date || (typeof given === 'string' && /^\d{4}-/.test(given))) {
    const expires = toInstant(given, 'expires');
    if (eta !== null && expires <= eta) throw expiresTooEarly(given);
    return { expires, lifetimeMs: null };
  }
  const lifetimeMs = given === undefined ? task.expiresMs! : toMilliseconds(given, 'expires');
  if (eta !== null && Date.now() + lifetimeMs <= Date.parse(eta)) throw expiresTooEarly(given);
  if (delayMs !== null && lifetimeMs <= delayMs) throw expiresTooEarly(given);
  return { expires: null, lifetimeMs };
}

const expiresTooEarly = (given: unknown) =>
  new InvalidOptionError(
    'expires',
    'a time after the task may start (eta, countdown)',
    given,
    'EXPIRES_BEFORE_ETA',
  );

/** ISO 8601 with a zone, as a text in UTC. */
function toInstant(value: unknown, option: string): string {
  const date =
    value instanceof Date
      ? value
      : typeof value === 'string' && WITH_ZONE.test(value)
        ? new Date(value)
        : undefined;
  if (date !== undefined && !Number.isNaN(date.getTime())) return date.toISOString();
  throw new InvalidOptionError(
    option,
    "a Date or an ISO 8601 time with a zone such as '2030-01-31T09:00:00Z'",
    value,
    'INVALID_DATE',
  );
}

const WITH_ZONE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/;

function resolveOwner(owner: unknown): string | null {
  if (owner === undefined || owner === null) return null;
  if (typeof owner === 'string' && owner.length > 0 && owner.length <= 200 && !owner.includes('\0'))
    return owner;
  throw new InvalidOptionError('owner', 'a text of 1 to 200 characters', owner);
}

function resolveTags(tags: unknown): string | null {
  if (tags === undefined) return null;
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags))
    throw new InvalidOptionError('tags', 'an object of texts', tags);
  const entries = Object.entries(tags);
  if (entries.length > 20) throw new InvalidOptionError('tags', 'at most 20 tags', entries.length);
  for (const [name, value] of entries)
    if (typeof value !== 'string' || value.length > 200 || name.length > 100)
      throw new InvalidOptionError(
        `tags.${name.slice(0, 40)}`,
        'a text of at most 200 characters (its name at most 100)',
        value,
      );
  assertJson(tags, 'tags');
  return JSON.stringify(tags);
}

const MAX_KEY_LENGTH = 255;

function resolveRecorded(options: SubmitOptions): string | null {
  const { retry, softTimeLimit, idempotencyKey, meta } = options;
  if (
    retry === undefined &&
    softTimeLimit === undefined &&
    idempotencyKey === undefined &&
    meta === undefined
  )
    return null;
  const recorded: RecordedOptions = {};
  if (retry !== undefined) {
    if (typeof retry === 'object' && ('for' in retry || 'notFor' in retry))
      throw new InvalidOptionError(
        'retry',
        "no error classes in a call's options: they belong to @Task()",
        retry,
      );
    resolveRetry(retry, undefined);
    recorded.retry = retry;
  }
  if (softTimeLimit !== undefined) recorded.softTimeLimitMs = toMilliseconds(softTimeLimit, 'softTimeLimit');
  if (idempotencyKey !== undefined) {
    if (
      typeof idempotencyKey !== 'string' ||
      !/^[\x20-\x7e]+$/.test(idempotencyKey) ||
      idempotencyKey.length > MAX_KEY_LENGTH
    )
      throw new InvalidOptionError(
        'idempotencyKey',
        `1 to ${MAX_KEY_LENGTH} printable ASCII characters`,
        idempotencyKey,
        'INVALID_IDEMPOTENCY_KEY',
      );
    recorded.idempotencyKey = idempotencyKey;
  }
  if (meta !== undefined) {
    if (typeof meta !== 'object' || meta === null || Array.isArray(meta))
      throw new InvalidOptionError('meta', 'a JSON object', meta);
    assertJson(meta, 'meta');
    recorded.meta = meta;
  }
  return JSON.stringify(recorded);
}
