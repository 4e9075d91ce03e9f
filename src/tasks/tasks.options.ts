import { fileURLToPath } from 'node:url';
import { readBrokerOptions, type BrokerOptions } from './brokers/broker-options.js';
import {
  resolveRetention,
  type Keep,
  type ResolvedRetention,
  type RetentionOptions,
} from './control/retention/retention-options.js';
import { assertSchemaName } from './store/schema-name.js';
import { toMilliseconds, toTimerMs, type Duration } from './duration.js';
import { InvalidOptionError, didYouMean } from './errors.js';
import { assertQueueName } from './definition/option-checks.js';
import type { TaskRoutes } from './definition/routes.js';
import type { TaskContext } from './definition/task-context.js';
import { TimeZone } from './schedule/time-zone.js';
import { TaskDefaults, type QueueOptions, type TaskDefaultOptions } from './definition/task-defaults.js';

/** How tasks join the application's own context, such as nestjs-cls or a tracer's. */
export interface ContextOptions {
  /** Called at each submission: the headers that go with it, beneath those of the call; undefined ones are left out. */
  capture?: (() => Readonly<Record<string, string | undefined>> | undefined) | undefined;
  /** Called around each handler with its guards, pipes and interceptors; must return what `next` returns. */
  run?: (<T>(context: TaskContext, next: () => Promise<T>) => Promise<T>) | undefined;
}

/** Options of `TasksModule.forRoot()`. */
export interface TasksModuleOptions {
  /** The Postgres schema of the library's tables; several applications share a database by it. Default 'celeriac'. */
  schema?: string | undefined;
  /** 'run' migrates at start, one process at a time; 'check' refuses to start on an older schema. Default 'run'. */
  migrations?: 'run' | 'check' | undefined;
  /**
   * The broker: a URL that starts with `redis://`, `rediss://`, `amqp://`, `amqps://` (several hosts with commas),
   * `postgres://` (the database itself) or `memory://` (this process); or options. Default: the database.
   */
  broker?: BrokerOptions | undefined;
  /** How long to wait at start for a broker that cannot be reached. Default '30s'. */
  brokerTimeout?: Duration | undefined;
  /**
   * When the DataSource leads through a transaction pooler such as PgBouncer: a URL of Postgres itself, for LISTEN.
   * Default: the DataSource is taken to lead to Postgres itself.
   */
  directUrl?: string | undefined;
  /** 'inline' runs a worker in this process too, for development. Default 'none': workers are processes of their own. */
  worker?: 'inline' | 'none' | undefined;
  /**
   * Names: the queues that an inline worker takes from. By name, with options: the queues of this application; an
   * inline worker then takes from all. Default: all.
   */
  queues?: readonly string[] | Readonly<Record<string, QueueOptions>> | undefined;
  /** How tasks run that do not say otherwise, nor their queue. Default: see the options of `@Task()`. */
  defaults?: TaskDefaultOptions | undefined;
  /** Queues of tasks that name none: by patterns of their names, or a function. Default: the default queue. */
  routes?: TaskRoutes | undefined;
  /**
   * What becomes of a submission to a queue that is not in `queues`, of no task's own, and from which no worker ever
   * took: 'create' makes it known, 'refuse' throws an InvalidOptionError. Default 'create'.
   */
  unknownQueues?: 'create' | 'refuse' | undefined;
  /** Headers from the application's context, and handlers inside it. Default: none. */
  context?: ContextOptions | undefined;
  /**
   * Whether submissions and attempts have spans, and tasks carry the trace along, where `@opentelemetry/api` is installed
   * and an SDK is registered. Default true.
   */
  tracing?: boolean | undefined;
  /** How many tasks an inline worker runs at once. Default 10. */
  concurrency?: number | undefined;
  /**
   * How long running tasks may go on when Nest closes an application with an inline worker. `runWorker({ shutdownGrace })`
   * and `closeGracefully(app, { grace })` have their own. Default '30s'.
   */
  shutdownGrace?: Duration | undefined;
  /**
   * The file that calls `runWorker()`: an inline worker runs isolated tasks (`@Task({ isolate })`) in threads and
   * processes that load it. Default: none; worker processes know their own.
   */
  workerEntry?: string | URL | undefined;
  /** A worker that gave no sign of life for this long has lost its tasks. Default '15s', at least '1s'. */
  lease?: Duration | undefined;
  /** How often a task's worker may die under it before the task fails with WorkerLostError. Default 3. */
  maxCrashes?: number | undefined;
  /** How long a running task may take to end after its revocation, before it is written off. Default '30s'. */
  revokeGrace?: Duration | undefined;
  /**
   * How many tasks may be ready in a queue before submissions to it are refused with QueueFullError (429 over HTTP):
   * `{ images: 10_000 }`. Retries and delayed tasks that become due are never refused. Default: no limits.
   */
  queueLimits?: Readonly<Record<string, number>> | undefined;
  /**
   * How long finished tasks are kept: `'30 days'`, `false` for ever, or an object that says it by state, by task, and for
   * what tasks log and operators do. Every worker removes what is over, so all of an application must be told the same.
   * Default '90 days'.
   */
  retention?: Keep | RetentionOptions | undefined;
  /** Where the clock of crontabs stands that name no zone, such as 'Europe/Berlin'. Default 'UTC'. */
  timezone?: string | undefined;
  /** Whether the application's global guards, interceptors, pipes and filters act on tasks too. Default false. */
  globalEnhancers?: boolean | undefined;
  /** Whether names that this application has no task for may be submitted, for workers of another code base. Default false. */
  allowUnknownTasks?: boolean | undefined;
}

/** With every default in its place and every duration in milliseconds. */
export interface ResolvedTasksOptions {
  readonly schema: string;
  readonly migrations: 'run' | 'check';
  readonly broker: BrokerOptions | undefined;
  readonly brokerTimeoutMs: number;
  readonly directUrl: string | undefined;
  readonly worker: 'inline' | 'none';
  readonly queues: readonly string[] | undefined;
  readonly knownQueues: readonly string[];
  readonly taskDefaults: TaskDefaults;
  readonly unknownQueues: 'create' | 'refuse';
  readonly context: ContextOptions;
  readonly tracing: boolean;
  readonly concurrency: number;
  readonly workerEntry: string | undefined;
  readonly shutdownGraceMs: number;
  readonly leaseMs: number;
  readonly maxCrashes: number;
  readonly revokeGraceMs: number;
  readonly queueLimits: ReadonlyMap<string, number>;
  readonly retention: ResolvedRetention;
  readonly timezone: string;
  readonly globalEnhancers: boolean;
  readonly allowUnknownTasks: boolean;
}

const NAMES = [
  'schema',
  'migrations',
  'broker',
  'brokerTimeout',
  'directUrl',
  'worker',
  'queues',
  'defaults',
  'routes',
  'unknownQueues',
  'context',
  'tracing',
  'concurrency',
  'workerEntry',
  'shutdownGrace',
  'lease',
  'maxCrashes',
  'revokeGrace',
  'queueLimits',
  'retention',
  'timezone',
  'globalEnhancers',
  'allowUnknownTasks',
];

/** Defaults first, then validation. @throws InvalidOptionError */
export function resolveTasksOptions(given: TasksModuleOptions): ResolvedTasksOptions {
  for (const name of Object.keys(given))
    if (!NAMES.includes(name))
      throw new InvalidOptionError(name, `one of ${NAMES.join(', ')}${didYouMean(name, NAMES)}`, name);
  return {
    schema: assertSchemaName(given.schema ?? 'celeriac'),
    migrations: oneOf('migrations', given.migrations ?? 'run', ['run', 'check']),
    broker: checkBroker(given.broker),
    brokerTimeoutMs: toMilliseconds(given.brokerTimeout ?? '30s', 'brokerTimeout'),
    directUrl: given.directUrl || undefined,
    worker: oneOf('worker', given.worker ?? 'none', ['inline', 'none']),
    ...resolveQueues(given),
    unknownQueues: oneOf('unknownQueues', given.unknownQueues ?? 'create', ['create', 'refuse']),
    context: assertContext(given.context ?? {}),
    tracing: given.tracing ?? true,
    concurrency: assertConcurrency(given.concurrency ?? 10),
    workerEntry: readEntry(given.workerEntry),
    shutdownGraceMs: toTimerMs(given.shutdownGrace ?? '30s', 'shutdownGrace'),
    leaseMs: assertLease(toMilliseconds(given.lease ?? '15s', 'lease')),
    maxCrashes: assertWhole('maxCrashes', given.maxCrashes ?? 3, 0, 1000),
    revokeGraceMs: toMilliseconds(given.revokeGrace ?? '30s', 'revokeGrace'),
    queueLimits: resolveQueueLimits(given.queueLimits ?? {}),
    retention: resolveRetention(given.retention),
    timezone: TimeZone.of(given.timezone ?? 'UTC').name,
    globalEnhancers: given.globalEnhancers ?? false,
    allowUnknownTasks: given.allowUnknownTasks ?? false,
  };
}

/** @throws InvalidOptionError */
export function assertQueues(queues: readonly string[] | undefined): readonly string[] | undefined {
  if (queues === undefined) return undefined;
  if (!Array.isArray(queues) || queues.length === 0)
    throw new InvalidOptionError('queues', 'an array of at least one queue name', queues);
  return queues.map((queue, i) => assertQueueName(queue, `queues[${i}]`));
}

function resolveQueues({ queues, defaults, routes }: TasksModuleOptions) {
  if (Array.isArray(queues) || queues === undefined) {
    const names = assertQueues(queues as readonly string[] | undefined);
    return { queues: names, knownQueues: names ?? [], taskDefaults: new TaskDefaults(defaults, {}, routes) };
  }
  if (typeof queues !== 'object' || queues === null)
    throw new InvalidOptionError('queues', 'an array of names, or an object of queues by name', queues);
  const byName = queues as Readonly<Record<string, QueueOptions>>;
  return {
    queues: undefined,
    knownQueues: Object.keys(byName),
    taskDefaults: new TaskDefaults(defaults, byName, routes),
  };
}

function assertContext(context: ContextOptions): ContextOptions {
  for (const [name, value] of Object.entries(context) as [string, unknown][])
    if (!['capture', 'run'].includes(name) || (value !== undefined && typeof value !== 'function'))
      throw new InvalidOptionError(`context.${name}`, 'the functions capture and run', value);
  return context;
}

/** @throws InvalidOptionError */
export function assertConcurrency(concurrency: number): number {
  return assertWhole('concurrency', concurrency, 1, 10_000);
}

function checkBroker(broker: BrokerOptions | undefined): BrokerOptions | undefined {
  readBrokerOptions(broker);
  return broker;
}

function readEntry(entry: string | URL | undefined): string | undefined {
  if (entry === undefined || typeof entry === 'string') return entry;
  if (entry instanceof URL && entry.protocol === 'file:') return fileURLToPath(entry);
  throw new InvalidOptionError('workerEntry', 'a path, or a file: URL', entry);
}

function resolveQueueLimits(limits: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(limits).map(([queue, limit]) => [
      assertQueueName(queue, 'queueLimits'),
      assertWhole(`queueLimits.${queue}`, limit, 1, 10_000_000),
    ]),
  );
}

function assertLease(ms: number): number {
  if (ms < 1000) throw new InvalidOptionError('lease', "at least '1s'", `${ms} ms`);
  return ms;
}

function assertWhole(option: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new InvalidOptionError(option, `a whole number from ${min} to ${max}`, value);
}

function oneOf<const T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new InvalidOptionError(option, allowed.join(' or '), value);
  return found;
}
