import { availableParallelism } from 'node:os';
import type { LogLevel } from '@nestjs/common';
import { assertFlag } from '../definition/task-settings.js';
import type { TimeLimits } from '../definition/task-overrides.js';
import { toMilliseconds, toTimerMs } from '../duration.js';
import { InvalidOptionError, didYouMean } from '../errors.js';
import { LOG_FORMATS, loggerInFormat } from '../observability/task-console-logger.js';
import { assertConcurrency, assertQueues } from '../tasks.options.js';
import type { AutoscaleBounds } from './autoscaler.js';
import { LOG_LEVELS } from './log-level.js';
import type { AutoscaleOptions, HealthOptions, RunWorkerOptions } from './run-worker.options.js';

export interface AutoscalePlan extends AutoscaleBounds {
  readonly idleMs: number;
}

/** With every default in its place. */
export interface WorkerPlan {
  /** With its placeholders; see {@link workerName}. */
  readonly name: string;
  readonly queues: readonly string[] | undefined;
  readonly excludeQueues: readonly string[];
  readonly pool: 'async' | 'prefork';
  readonly concurrency: number;
  readonly concurrencyPerChild: number;
  readonly maxTasksPerChild: number | undefined;
  readonly maxMemoryPerChild: number | undefined;
  readonly maxChildAgeMs: number | undefined;
  readonly autoscale: AutoscalePlan | undefined;
  readonly isolates: number;
  readonly limits: TimeLimits;
  readonly beat: boolean;
  readonly purge: boolean;
  readonly logLevel: LogLevel | undefined;
  readonly graceMs: number;
  readonly health: HealthOptions;
  readonly nest: NonNullable<RunWorkerOptions['nest']>;
}

const NAMES = [
  'name',
  'queues',
  'excludeQueues',
  'pool',
  'concurrency',
  'concurrencyPerChild',
  'maxTasksPerChild',
  'maxMemoryPerChild',
  'maxChildAge',
  'autoscale',
  'isolates',
  'softTimeLimit',
  'timeLimit',
  'beat',
  'purge',
  'logLevel',
  'shutdownGrace',
  'health',
  'logFormat',
  'nest',
] as const satisfies readonly (keyof RunWorkerOptions)[];
const OF_PREFORK = ['concurrencyPerChild', 'maxTasksPerChild', 'maxMemoryPerChild', 'maxChildAge'] as const;

/** Defaults first, then validation. @throws InvalidOptionError */
export function planWorker(given: RunWorkerOptions): WorkerPlan {
  for (const name of Object.keys(given))
    if (!NAMES.includes(name as never))
      throw new InvalidOptionError(name, `one of ${NAMES.join(', ')}${didYouMean(name, NAMES)}`, name);
  const pool = given.pool ?? 'async';
  if (pool !== 'async' && pool !== 'prefork')
    throw new InvalidOptionError('pool', "'async' or 'prefork'", pool);
  if (pool === 'async')
    for (const name of OF_PREFORK)
      if (given[name] !== undefined)
        throw new InvalidOptionError(name, "pool: 'prefork' beside it", given[name]);
  const autoscale = readAutoscale(given.autoscale);
  if (autoscale && given.concurrency !== undefined)
    throw new InvalidOptionError('autoscale', 'no concurrency beside it: max and min say it', autoscale);
  const usual = pool === 'prefork' ? availableParallelism() : 10;
  return {
    name: assertName(given.name ?? '%h-%p'),
    queues: assertQueues(given.queues),
    excludeQueues: given.excludeQueues?.length ? assertQueues(given.excludeQueues)! : [],
    pool,
    concurrency: assertConcurrency(autoscale?.min ?? given.concurrency ?? usual),
    concurrencyPerChild: whole('concurrencyPerChild', given.concurrencyPerChild ?? 1),
    maxTasksPerChild: optional('maxTasksPerChild', given.maxTasksPerChild),
    maxMemoryPerChild: optional('maxMemoryPerChild', given.maxMemoryPerChild),
    maxChildAgeMs:
      given.maxChildAge === undefined ? undefined : toMilliseconds(given.maxChildAge, 'maxChildAge'),
    autoscale,
    isolates: whole('isolates', given.isolates ?? availableParallelism(), 1000),
    limits: readTimeLimits(given),
    beat: assertFlag(given.beat ?? true, 'beat'),
    purge: assertFlag(given.purge ?? false, 'purge'),
    logLevel: given.logLevel === undefined ? undefined : assertLogLevel(given.logLevel),
    graceMs: toTimerMs(given.shutdownGrace ?? '30s', 'shutdownGrace'),
    health: readHealth(given.health ?? {}),
    nest: readNest(given),
  };
}

/** @throws InvalidOptionError */
function readAutoscale(given: AutoscaleOptions | undefined): AutoscalePlan | undefined {
  if (given === undefined) return undefined;
  const max = whole('autoscale.max', given.max);
  const idleMs = toMilliseconds(given.idle ?? '30s', 'autoscale.idle');
  return { max, min: whole('autoscale.min', given.min ?? 1, max), idleMs };
}

/** @throws InvalidOptionError */
function readTimeLimits({ softTimeLimit, timeLimit }: RunWorkerOptions): TimeLimits {
  const softTimeLimitMs = softTimeLimit === undefined ? undefined : toTimerMs(softTimeLimit, 'softTimeLimit');
  const timeLimitMs = timeLimit === undefined ? undefined : toTimerMs(timeLimit, 'timeLimit');
  if (softTimeLimitMs && timeLimitMs && softTimeLimitMs >= timeLimitMs)
    throw new InvalidOptionError('softTimeLimit', 'less than timeLimit', softTimeLimit);
  return {
    ...(softTimeLimitMs !== undefined && { softTimeLimitMs }),
    ...(timeLimitMs !== undefined && { timeLimitMs }),
  };
}

function assertName(name: unknown): string {
  if (typeof name === 'string' && /^[\w.@%:-]{1,100}$/.test(name)) return name;
  throw new InvalidOptionError('name', "1 to 100 letters, digits or . _ - @ : %, such as 'images@%h'", name);
}

function assertLogLevel(level: unknown): LogLevel {
  const found = LOG_LEVELS.find((name) => name === level);
  if (found) return found;
  throw new InvalidOptionError('logLevel', `one of ${LOG_LEVELS.join(', ')}`, level);
}

/** @throws InvalidOptionError */
function readNest({ logFormat, nest = {} }: RunWorkerOptions): WorkerPlan['nest'] {
  if (logFormat === undefined) return nest;
  if (!LOG_FORMATS.includes(logFormat))
    throw new InvalidOptionError('logFormat', LOG_FORMATS.join(' or '), logFormat);
  return Object.assign({}, nest, { logger: loggerInFormat(nest.logger, logFormat) });
}

function readHealth(health: HealthOptions): HealthOptions {
  if (health.port !== undefined) whole('health.port', health.port, 65_535, 0);
  return health;
}

function optional(option: string, value: number | undefined): number | undefined {
  return value === undefined ? undefined : whole(option, value, Number.MAX_SAFE_INTEGER);
}

function whole(option: string, value: number, max = 10_000, min = 1): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new InvalidOptionError(
    option,
    `a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}`,
    value,
  );
}
