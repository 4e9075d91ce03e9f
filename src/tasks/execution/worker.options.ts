import type { ContextOptions } from '../tasks.options.js';

export interface WorkerOptions {
  /** The queues it takes from. Default: every queue that was ever submitted to, and those of its own tasks. */
  readonly queues?: readonly string[] | undefined;
  /** How many tasks it runs at once. Default 10. */
  readonly concurrency?: number | undefined;
  /** Whether it shares its process with the application. Default false. */
  readonly inline?: boolean | undefined;
}

export interface WorkerSettings {
  readonly leaseMs: number;
  readonly maxCrashes: number;
  readonly context: ContextOptions;
}
