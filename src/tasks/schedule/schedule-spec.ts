import { assertPriority, assertQueueName } from '../definition/option-checks.js';
import { assertFlag } from '../definition/task-settings.js';
import { assertTaskName } from '../definition/task-name.js';
import { assertTexts, type Texts } from '../definition/texts.js';
import { toMilliseconds, type Duration } from '../duration.js';
import { InvalidOptionError, TaskDefinitionError, didYouMean } from '../errors.js';
import { assertJson } from '../submission/json.js';
import { toInstant } from '../submission/instant.js';
import { Crontab, type DayRule } from './crontab.js';
import { TimeZone } from './time-zone.js';

/** When a schedule ticks, and what it makes of a tick. Exactly one of `crontab`, `every` and `at` is given. */
export interface ScheduleOptions {
  /**
   * `'0 9 * * MON-FRI'`: minute, hour, day of the month, month, day of the week, with seconds before them if wanted.
   * Names, lists, ranges, steps, `L` (last), `#` (`FRI#2`: the second Friday), and `@daily` and the like.
   */
  crontab?: string | undefined;
  /** What two restricted day fields mean: 'or' as in cron, 'and' as in Celery. Default 'or'. */
  dayRule?: DayRule | undefined;
  /** An interval, at least '1s', counted from `startTime`, or from the schedule's creation: it does not drift. */
  every?: Duration | undefined;
  /** Once: a Date, or an ISO 8601 text with a time zone. */
  at?: Date | string | undefined;
  /** Where the crontab's clock stands, such as 'Europe/Berlin'. Default: that of `TasksModule.forRoot()`. */
  timezone?: string | undefined;
  /** The task's arguments. Default: none. */
  args?: readonly unknown[] | undefined;
  /** The task starts up to so much later, another time at each tick. Default: none. */
  jitter?: Duration | undefined;
  /**
   * What a tick does while the task of the one before is not over: 'allow' makes another one, 'skip' makes none,
   * 'queue' makes it when that one has ended. Default 'allow'.
   */
  overlap?: 'allow' | 'skip' | 'queue' | undefined;
  /**
   * What becomes of ticks that nobody was there for (more than 10 s late): 'skip' leaves them out, 'once' makes one
   * task for all of them, 'all' one for each, the newest `catchUpLimit`. Default 'once'.
   */
  catchUp?: 'skip' | 'once' | 'all' | undefined;
  /** Default 100, at most 1,000. */
  catchUpLimit?: number | undefined;
  /** Default: the task's queue. */
  queue?: string | undefined;
  /** 0 to 9, 9 first. Default: the task's. */
  priority?: number | undefined;
  /** A duration: a task not started within it is revoked. A time: the same, and there are no ticks from then on. */
  expires?: Duration | Date | undefined;
  /** Go with each task. Default: none. */
  headers?: Texts | undefined;
  /** Beside those that each task has: `schedule`, the name, and `scheduledAt`, the time of its tick. */
  tags?: Texts | undefined;
  /** No tick before this time. Default: none. */
  startTime?: Date | string | undefined;
  /** Is disabled after its first task. Default false. */
  oneOff?: boolean | undefined;
  /** Default true. */
  enabled?: boolean | undefined;
  /** For people. */
  description?: string | undefined;
}

/** A schedule that is not in the code. */
export interface NewSchedule extends ScheduleOptions {
  /** Unique. */
  name: string;
  /** The name of the task. */
  task: string;
}

/** What a schedule is, as it is stored: only what was given, times as ISO 8601. */
export interface ScheduleSpec extends Omit<ScheduleOptions, 'enabled' | 'at' | 'expires' | 'startTime'> {
  task: string;
  at?: string | undefined;
  expires?: Duration | undefined;
  startTime?: string | undefined;
}

export const TIMINGS = ['crontab', 'every', 'at'] as const;
export const SPEC_FIELDS = [
  'task',
  ...TIMINGS,
  'dayRule',
  'timezone',
  'args',
  'jitter',
  'overlap',
  'catchUp',
  'catchUpLimit',
  'queue',
  'priority',
  'expires',
  'headers',
  'tags',
  'startTime',
  'oneOff',
  'description',
] as const satisfies readonly (keyof ScheduleSpec)[];

const MIN_EVERY_MS = 1000;
export const MAX_CATCH_UP = 1000;
/** Tags have room for so many more. */
const OWN_TAGS = ['schedule', 'scheduledAt'];
const MAX_TAGS = 18;

/**
 * Checks a schedule without its task: whether that takes the arguments is the producer's to say.
 * @throws InvalidOptionError, NotSerializableError
 */
export function readSpec(given: Readonly<Record<string, unknown>>): ScheduleSpec {
  for (const field of Object.keys(given))
    if (!(SPEC_FIELDS as readonly string[]).includes(field))
      throw new InvalidOptionError(
        field,
        `one of ${SPEC_FIELDS.join(', ')}${didYouMean(field, SPEC_FIELDS)}`,
        field,
        'UNKNOWN_PROPERTY',
      );
  const spec: Record<string, unknown> = {};
  for (const field of SPEC_FIELDS) {
    const value = given[field];
    if (value !== undefined && value !== null) spec[field] = READERS[field](value);
  }
  const read = spec as unknown as ScheduleSpec;
  assertTogether(read);
  return read;
}

const READERS: Record<keyof ScheduleSpec, (value: unknown) => unknown> = {
  task: (value) => assertTask(value),
  crontab: (value) => (Crontab.of(value, 'UTC'), value),
  every: (value) => duration(value, 'every', MIN_EVERY_MS),
  at: (value) => toInstant(value, 'at'),
  dayRule: (value) => oneOf('dayRule', value, ['or', 'and']),
  timezone: (value) => TimeZone.of(value).name,
  args: (value) => assertArgs(value),
  jitter: (value) => duration(value, 'jitter', 0),
  overlap: (value) => oneOf('overlap', value, ['allow', 'skip', 'queue']),
  catchUp: (value) => oneOf('catchUp', value, ['skip', 'once', 'all']),
  catchUpLimit: (value) => assertLimit(value),
  queue: (value) => assertQueueName(value),
  priority: (value) => assertPriority(value),
  expires: (value) => (isTime(value) ? toInstant(value, 'expires') : duration(value, 'expires', 1)),
  headers: (value) => assertTexts(value, 'headers'),
  tags: (value) => assertTags(value),
  startTime: (value) => toInstant(value, 'startTime'),
  oneOff: (value) => assertFlag(value, 'oneOff'),
  description: (value) => assertText('description', value, 0, 2000),
};

/** Whether a value of `expires` is a time, not a duration. */
export function isTime(value: unknown): value is Date | string {
  return value instanceof Date || (typeof value === 'string' && /^\d{4}-/.test(value));
}

/** @throws InvalidOptionError */
export function assertScheduleName(name: unknown): string {
  return assertText('name', name, 1, 200);
}

function assertTogether(spec: ScheduleSpec): void {
  const timings = TIMINGS.filter((timing) => spec[timing] !== undefined);
  if (timings.length !== 1)
    throw new InvalidOptionError(
      'crontab',
      'exactly one of crontab, every and at',
      timings.length === 0 ? 'none of them' : timings.join(' and '),
    );
  if (spec.crontab === undefined && spec.dayRule !== undefined)
    throw new InvalidOptionError('dayRule', 'a crontab beside it', spec.dayRule);
  if (spec.catchUpLimit !== undefined && spec.catchUp !== 'all')
    throw new InvalidOptionError('catchUpLimit', "catchUp: 'all' beside it", spec.catchUpLimit);
  if (spec.crontab !== undefined) {
    const { crontab, timezone = 'UTC', dayRule } = spec;
    if (Crontab.of(crontab, timezone, dayRule).next(Date.now()) === undefined)
      throw new InvalidOptionError('crontab', 'one with days that exist within 41 years', crontab);
  }
  if (isTime(spec.expires) && spec.startTime !== undefined && spec.expires <= spec.startTime)
    throw new InvalidOptionError('expires', 'a time after startTime', spec.expires, 'EXPIRES_BEFORE_ETA');
  const lifetime = spec.expires === undefined || isTime(spec.expires) ? undefined : spec.expires;
  if (
    lifetime !== undefined &&
    spec.jitter !== undefined &&
    toMilliseconds(lifetime, 'expires') <= toMilliseconds(spec.jitter, 'jitter')
  )
    throw new InvalidOptionError('expires', 'longer than jitter', lifetime, 'EXPIRES_BEFORE_ETA');
}

function assertTask(value: unknown): string {
  try {
    assertTaskName(value, 'task');
    return value;
  } catch (error) {
    if (!(error instanceof TaskDefinitionError)) throw error;
    throw new InvalidOptionError('task', 'the name of a task', value, 'INVALID_TASK_NAME');
  }
}

function assertArgs(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new InvalidOptionError('args', 'an array', value, 'ARG_TYPE');
  assertJson(value, 'args');
  return value;
}

function assertTags(value: unknown): Texts {
  const tags = assertTexts(value, 'tags');
  for (const tag of OWN_TAGS)
    if (tag in tags)
      throw new InvalidOptionError(`tags.${tag}`, 'another name: this tag is set by each tick', tag);
  if (Object.keys(tags).length <= MAX_TAGS) return tags;
  throw new InvalidOptionError('tags', `at most ${MAX_TAGS} of them`, Object.keys(tags).length);
}

function assertLimit(value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_CATCH_UP)
    return value as number;
  throw new InvalidOptionError('catchUpLimit', `a whole number from 1 to ${MAX_CATCH_UP}`, value);
}

function duration(value: unknown, option: string, least: number): Duration {
  if (toMilliseconds(value as Duration, option) >= least) return value as Duration;
  throw new InvalidOptionError(option, `at least ${least} ms`, value);
}

function assertText(option: string, value: unknown, min: number, max: number): string {
  if (
    typeof value === 'string' &&
    value.trim().length >= min &&
    value.length <= max &&
    !value.includes('\0') &&
    value.isWellFormed()
  )
    return value;
  throw new InvalidOptionError(
    option,
    `a text of ${min} to ${max} characters that Postgres can store`,
    value,
  );
}

function oneOf<const T extends string>(option: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new InvalidOptionError(option, allowed.join(', '), value);
  return found;
}
