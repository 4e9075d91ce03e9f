import type { TimeLimits } from '../definition/task-overrides.js';
import type { ResolvedTasksOptions } from '../tasks.options.js';
import type { Overseer } from './runner.js';

/** Options of `Worker.start()`. */
export interface WorkerOptions {
  /** What it is called, with placeholders; see `RunWorkerOptions`. Default '%h-%p'. */
  readonly name?: string | undefined;
  /** The queues it takes from. Default: every queue that was ever submitted to, and those of its own tasks. */
  readonly queues?: readonly string[] | undefined;
  /** Queues that it does not take from. Default: none. */
  readonly excludeQueues?: readonly string[] | undefined;
  /** How many tasks it runs at once. Default 10. */
  readonly concurrency?: number | undefined;
  /** Whether it shares its process with the application. Default false. */
  readonly inline?: boolean | undefined;
  /** The file that calls `runWorker()`, in which isolated tasks run. Default: the option `workerEntry` of `forRoot()`. */
  readonly entry?: string | undefined;
  /** How many threads, and how many processes, run isolated tasks at once. Default: one a core. */
  readonly isolates?: number | undefined;
  /** For tasks that have none. */
  readonly limits?: TimeLimits | undefined;
  /** Whether it makes the tasks of schedules. Default true. */
  readonly beat?: boolean | undefined;
  /** What it is to a supervisor, when it is the child of a prefork worker. */
  readonly child?: ChildOptions | undefined;
}

export interface ChildOptions {
  /** The supervisor's process. */
  readonly supervisor: number;
  /** It takes nothing more after so many tasks. */
  readonly maxTasks: number | undefined;
  onExhausted(): void;
  /** It takes tasks under this id from now on. */
  onIdentity(workerId: string): void;
  readonly overseer: Overseer;
}

export type WorkerSettings = Pick<
  ResolvedTasksOptions,
  | 'schema'
  | 'leaseMs'
  | 'maxCrashes'
  | 'workerEntry'
  | 'context'
  | 'taskDefaults'
  | 'shutdownGraceMs'
  | 'revokeGraceMs'
  | 'globalEnhancers'
  | 'unknownQueues'
  | 'knownQueues'
  | 'queueLimits'
  | 'timezone'
  | 'retention'
>;

/** For operators: no URLs, which have passwords in them. */
export function describeSettings({
  context: _functions,
  taskDefaults: _shownByTask,
  queueLimits,
  ...settings
}: WorkerSettings): object {
  return { ...settings, queueLimits: Object.fromEntries(queueLimits) };
}
