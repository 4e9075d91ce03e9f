import type { EntityManager } from 'typeorm';
import type { CallRetryOptions } from '../definition/retry-policy.js';
import { assertQueueName } from '../definition/option-checks.js';
import type { TaskDescription } from '../definition/task-definition.js';
import {
  SETTING_NAMES,
  readSettings,
  type GivenSettings,
  type TaskSettingOptions,
  type TaskSettings,
} from '../definition/task-settings.js';
import type { Texts } from '../definition/texts.js';
import type { UniqueOptions } from '../definition/unique.js';
import { toMilliseconds, type Duration } from '../duration.js';
import { InvalidOptionError, didYouMean } from '../errors.js';
import { ACKNOWLEDGED_EARLY, GATED } from '../store/columns.js';
import type { NewTask } from '../store/new-task.js';
import type { Feed, RecordedOptions } from '../store/task-record.entity.js';
import { toInstant } from './instant.js';
import { assertJson } from './json.js';
import { merged, mergedHeaders } from './merged-headers.js';

/** The options of one call; what is left out is the task's own, its queue's or the module's. */
export interface SubmitOptions extends Omit<TaskSettingOptions, 'retry' | 'expires'> {
  /** Default: the task's queue. */
  queue?: string | undefined;
  /** Not before this long from now, by the database's clock. Excludes `eta`. Default: at once. */
  countdown?: Duration | undefined;
  /** Not before this time: a Date, or an ISO 8601 text with a time zone. Excludes `countdown`. Default: at once. */
  eta?: Date | string | undefined;
  /**
   * Revoked (reason `expired`) when not started by then: a duration from now, a Date, or an ISO 8601 text with a time
   * zone. Default: the task's.
   */
  expires?: Duration | Date | undefined;
  /** Overrides the task's `retry`, or false for none. Default: the task's. */
  retry?: boolean | CallRetryOptions | undefined;
  /**
   * The same key with the same task, owner, arguments and options gives the same task back for 24 hours, another body an
   * IdempotencyConflictError. 1 to 255 printable characters of ASCII. Default: none.
   */
  idempotencyKey?: string | undefined;
  /** Overrides the task's `unique`, or false for none. Default: the task's. */
  unique?: boolean | (UniqueOptions & { key?: string | undefined }) | undefined;
  /** Whose task it is: who may see it over HTTP. Default: nobody's, which only admins and keys without an owner see. */
  owner?: string | undefined;
  /** Any JSON object, kept with the record. Default: none. */
  meta?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Submits in this TypeORM transaction: committed means it runs, rolled back means it never existed. Default: one of its
   * own.
   */
  manager?: EntityManager | undefined;
}

/** For a submission in the name of a client. */
export interface Client {
  /**
   * What its request sent along. They are inherited like a parent's, and with them what `context.capture` gives wins
   * over `options.headers`, which are the client's too.
   */
  clientHeaders?: Texts | undefined;
}

/** Where a submission comes from: a running task, a request. */
export interface Origin {
  readonly parentId: string | null;
  readonly rootId: string | null;
  readonly headers: Texts | undefined;
  /** What the request of a client sent along: then `headers` win over what the client says. */
  readonly clientHeaders?: Texts | undefined;
  /** What carries on the trace that it belongs to: it wins over what anybody else says of one. */
  readonly trace?: Texts | undefined;
}

export const NO_ORIGIN: Origin = { parentId: null, rootId: null, headers: undefined };

/** Which task it is, and where it stands in a workflow. */
export interface Place {
  readonly id: string;
  /** Of how many others it waits for the end, or null. */
  readonly waitingOn: number | null;
  readonly feed: Feed | undefined;
  readonly groupId: string | null;
  readonly workflowId: string | null;
  /** See `columns.ts`. */
  readonly flags: number;
}

/** That of a task by itself whose id is given. */
export function placeOf(id: string): Place {
  return { id, waitingOn: null, feed: undefined, groupId: null, workflowId: null, flags: 0 };
}

/** What a call's options come to. */
export type ResolvedOptions = Pick<
  NewTask,
  | 'queue'
  | 'priority'
  | 'eta'
  | 'delayMs'
  | 'expires'
  | 'lifetimeMs'
  | 'owner'
  | 'tags'
  | 'flags'
  | 'parentId'
  | 'rootId'
  | 'waitingOn'
  | 'groupId'
  | 'workflowId'
  | 'gates'
  | 'options'
>;

const NO_SETTINGS: GivenSettings = {};
const SETTINGS: ReadonlySet<string> = new Set(SETTING_NAMES.filter((name) => name !== 'expires'));
const NAMES: ReadonlySet<string> = new Set([
  'queue',
  'countdown',
  'eta',
  ...SETTING_NAMES,
  'idempotencyKey',
  'unique',
  'owner',
  'meta',
  'manager',
]);

/** @throws InvalidOptionError naming the option, what was expected and what was given. */
export function resolveOptions(
  task: TaskDescription,
  args: readonly unknown[],
  options: SubmitOptions,
  origin: Origin,
  place?: Place,
): ResolvedOptions {
  let own: GivenSettings = NO_SETTINGS;
  for (const name in options) {
    if (!NAMES.has(name))
      throw new InvalidOptionError(
        name,
        `one of ${[...NAMES].join(', ')}${didYouMean(name, NAMES)}`,
        name,
        'UNKNOWN_PROPERTY',
      );
    if (own === NO_SETTINGS && SETTINGS.has(name)) own = readSettings({ ...options, expires: undefined });
  }
  if (options.countdown !== undefined && options.eta !== undefined)
    throw new InvalidOptionError('countdown', 'either countdown or eta', 'both', 'INVALID_DELAY');
  const delayMs =
    options.countdown === undefined ? null : toMilliseconds(options.countdown, 'countdown', 'INVALID_DELAY');
  const eta = options.eta === undefined ? null : toInstant(options.eta, 'eta');
  const queue = options.queue === undefined ? task.queueFor(args) : assertQueueName(options.queue);
  const gates = task.gatesFor(queue, args);
  const settings = queue === task.queue ? task.settings : task.settingsIn(queue);
  const expiry = resolveExpiry(settings, options, eta, delayMs);
  const waits = (place?.waitingOn ?? null) !== null;
  return {
    queue,
    priority: own.priority ?? settings.priority,
    delayMs: delayMs === 0 || waits ? null : delayMs,
    eta,
    expires: expiry.expires,
    lifetimeMs: waits ? null : expiry.lifetimeMs,
    owner: resolveOwner(options.owner),
    tags: json(merged(settings.tags, own.tags)),
    flags:
      ((own.acksLate ?? settings.acksLate) ? 0 : ACKNOWLEDGED_EARLY) |
      (gates.length > 0 ? GATED : 0) |
      (place?.flags ?? 0),
    waitingOn: place?.waitingOn ?? null,
    groupId: place?.groupId ?? null,
    workflowId: place?.workflowId ?? null,
    gates,
    parentId: origin.parentId,
    rootId: origin.rootId,
    options: recorded({
      retry: options.retry === undefined ? undefined : assertRecordable(options.retry),
      softTimeLimitMs: own.softTimeLimitMs,
      timeLimitMs: own.timeLimitMs,
      ignoreResult: own.ignoreResult,
      storeErrorsEvenIfIgnored: own.storeErrorsEvenIfIgnored,
      resultExpiresMs: own.resultExpiresMs ?? settings.resultExpiresMs,
      headers: mergedHeaders(settings.headers, own.headers, origin),
      feed: place?.feed,
      // they begin when it need not wait for others any more
      delayMs: waits ? (delayMs ?? undefined) : undefined,
      lifetimeMs: waits ? (expiry.lifetimeMs ?? undefined) : undefined,
      idempotencyKey: options.idempotencyKey === undefined ? undefined : assertKey(options.idempotencyKey),
      meta: options.meta === undefined ? undefined : assertMeta(options.meta),
      gates: gates.length > 0 ? gates.map((gate) => gate.key) : undefined,
    }),
  };
}

function resolveExpiry(
  settings: TaskSettings,
  options: SubmitOptions,
  eta: string | null,
  delayMs: number | null,
) {
  const given = options.expires;
  if (given === undefined && settings.expiresMs === undefined) return { expires: null, lifetimeMs: null };
  if (given instanceof Date || (typeof given === 'string' && /^\d{4}-/.test(given))) {
    const expires = toInstant(given, 'expires');
    if (eta !== null && expires <= eta) throw expiresTooEarly(given);
    return { expires, lifetimeMs: null };
  }
  const lifetimeMs = given === undefined ? settings.expiresMs! : toMilliseconds(given, 'expires');
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

function resolveOwner(owner: unknown): string | null {
  if (owner === undefined || owner === null) return null;
  if (typeof owner === 'string' && owner.length > 0 && owner.length <= 200 && !owner.includes('\0'))
    return owner;
  throw new InvalidOptionError('owner', 'a text of 1 to 200 characters', owner);
}

const MAX_KEY_LENGTH = 255;

/** What a worker needs to know of a call, as JSON; null: nothing. */
function recorded(options: { [K in keyof RecordedOptions]: RecordedOptions[K] | undefined }): string | null {
  const json = JSON.stringify(options);
  return json === '{}' ? null : json;
}

function assertRecordable(retry: boolean | CallRetryOptions): boolean | CallRetryOptions {
  if (typeof retry !== 'object' || !('for' in retry || 'notFor' in retry)) return retry;
  throw new InvalidOptionError(
    'retry',
    "no error classes in a call's options: they belong to @Task()",
    retry,
  );
}

function assertMeta(meta: unknown): object {
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta))
    throw new InvalidOptionError('meta', 'a JSON object', meta);
  assertJson(meta, 'meta');
  return meta;
}

function assertKey(key: unknown): string {
  if (typeof key === 'string' && /^[\x20-\x7e]+$/.test(key) && key.length <= MAX_KEY_LENGTH) return key;
  throw new InvalidOptionError(
    'idempotencyKey',
    `1 to ${MAX_KEY_LENGTH} printable ASCII characters`,
    key,
    'INVALID_IDEMPOTENCY_KEY',
  );
}

const json = (value: object | undefined) => (value === undefined ? null : JSON.stringify(value));
