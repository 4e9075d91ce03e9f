import type { EntityManager } from 'typeorm';
import type { CallRetryOptions } from '../definition/retry-policy.js';
import { assertQueueName } from '../definition/option-checks.js';
import type { Gate } from '../definition/limits.js';
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
import type { RecordedOptions } from '../store/task-record.entity.js';
import { assertJson } from './json.js';

/** The options of one call; what is left out is the task's own, its queue's or the module's. */
export interface SubmitOptions extends Omit<TaskSettingOptions, 'retry' | 'expires'> {
  /** Default: the task's queue. */
  queue?: string | undefined;
  /** Not before this long from now, by the database's clock. Excludes `eta`. */
  countdown?: Duration | undefined;
  /** Not before this time: a Date, or an ISO 8601 text with a time zone. Excludes `countdown`. */
  eta?: Date | string | undefined;
  /** Revoked (reason `expired`) when not started by then: a duration from now, a Date, or an ISO 8601 text with a time zone. */
  expires?: Duration | Date | undefined;
  /** Overrides the task's `retry`, or false for none. */
  retry?: boolean | CallRetryOptions | undefined;
  /** The same key with the same task, owner, arguments and options gives the same task back for 24 hours. */
  idempotencyKey?: string | undefined;
  /** Overrides the task's `unique`, or false for none. */
  unique?: boolean | (UniqueOptions & { key?: string | undefined }) | undefined;
  /** Whose task it is: who may see it over HTTP. */
  owner?: string | undefined;
  /** Any JSON object, kept with the record. */
  meta?: Readonly<Record<string, unknown>> | undefined;
  /** Submits in this TypeORM transaction: committed means it runs, rolled back means it never existed. */
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
}

export const NO_ORIGIN: Origin = { parentId: null, rootId: null, headers: undefined };

/** What a call's options come to. */
export interface ResolvedOptions extends Pick<
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
  | 'gates'
> {
  /** JSON of RecordedOptions, or null. */
  readonly recorded: string | null;
}

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
  return {
    queue,
    priority: own.priority ?? settings.priority,
    delayMs: delayMs === 0 ? null : delayMs,
    eta,
    ...resolveExpiry(settings, options, eta, delayMs),
    owner: resolveOwner(options.owner),
    tags: json(merged(settings.tags, own.tags)),
    flags: ((own.acksLate ?? settings.acksLate) ? 0 : ACKNOWLEDGED_EARLY) | (gates.length > 0 ? GATED : 0),
    gates,
    parentId: origin.parentId,
    rootId: origin.rootId,
    recorded: resolveRecorded(options, gates, {
      ...own,
      resultExpiresMs: own.resultExpiresMs ?? settings.resultExpiresMs,
      headers: mergedHeaders(settings.headers, own.headers, origin),
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

const MAX_KEY_LENGTH = 255;

function resolveRecorded(
  { retry, idempotencyKey, meta }: SubmitOptions,
  gates: readonly Gate[],
  own: { [K in keyof GivenSettings]: GivenSettings[K] | undefined },
): string | null {
  const recorded: RecordedOptions = {};
  if (retry !== undefined) {
    if (typeof retry === 'object' && ('for' in retry || 'notFor' in retry))
      throw new InvalidOptionError(
        'retry',
        "no error classes in a call's options: they belong to @Task()",
        retry,
      );
    recorded.retry = retry;
  }
  for (const name of RECORDED) if (own[name] !== undefined) Object.assign(recorded, { [name]: own[name] });
  if (idempotencyKey !== undefined) recorded.idempotencyKey = assertKey(idempotencyKey);
  if (meta !== undefined) {
    if (typeof meta !== 'object' || meta === null || Array.isArray(meta))
      throw new InvalidOptionError('meta', 'a JSON object', meta);
    assertJson(meta, 'meta');
    recorded.meta = meta;
  }
  if (gates.length > 0) recorded.gates = gates.map((gate) => gate.key);
  for (const _ in recorded) return JSON.stringify(recorded);
  return null;
}

/** What a worker needs to know of a call. */
const RECORDED = [
  'softTimeLimitMs',
  'timeLimitMs',
  'ignoreResult',
  'storeErrorsEvenIfIgnored',
  'resultExpiresMs',
  'headers',
] as const;

function assertKey(key: unknown): string {
  if (typeof key === 'string' && /^[\x20-\x7e]+$/.test(key) && key.length <= MAX_KEY_LENGTH) return key;
  throw new InvalidOptionError(
    'idempotencyKey',
    `1 to ${MAX_KEY_LENGTH} printable ASCII characters`,
    key,
    'INVALID_IDEMPOTENCY_KEY',
  );
}

/** The later ones win; undefined when there is none. */
function merged(...texts: (Texts | undefined)[]): Texts | undefined {
  const given = texts.filter((text) => text !== undefined);
  return given.length > 1 ? Object.assign({}, ...given) : given[0];
}

/** A client does not say who it is where the application knows it. */
function mergedHeaders(
  settings: Texts | undefined,
  own: Texts | undefined,
  { headers, clientHeaders }: Origin,
): Texts | undefined {
  if (!clientHeaders) return merged(settings, headers, own);
  const sent = Object.keys(clientHeaders).length > 0 ? clientHeaders : undefined;
  const levels = [settings, sent, own, headers];
  const all = merged(...levels);
  if (all?.tracestate === undefined) return all;
  // the two are one: that of another trace would lie
  const trace = levels.findLast((level) => level?.traceparent !== undefined);
  if (trace?.tracestate !== undefined) return all;
  const { tracestate: _others, ...rest } = all;
  return rest;
}

const json = (value: object | undefined) => (value === undefined ? null : JSON.stringify(value));
