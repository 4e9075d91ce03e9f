import type { LogLevel } from '@nestjs/common';
import type { NestFactory } from '@nestjs/core';
import type { Duration } from '../duration.js';
import type { LogFormat } from '../observability/task-console-logger.js';

/** How far a worker grows and shrinks by what waits. */
export interface AutoscaleOptions {
  /** The most processes of a prefork worker, or tasks at once of an async one. */
  max: number;
  /** The fewest. Default 1. */
  min?: number | undefined;
  /** How long more than enough of them must have been there before one goes. Default '30s'. */
  idle?: Duration | undefined;
}

/** How a worker shows that it is alive. */
export interface HealthOptions {
  /** Answers `/live`, `/ready` and `/status` over HTTP on this port; 0 takes any that is free. Default: none. */
  port?: number | undefined;
  /** Where it listens. Default '0.0.0.0', so that Kubernetes reaches it. */
  host?: string | undefined;
  /** A file whose time of change is renewed every few seconds while the worker is alive. Default: none. */
  file?: string | undefined;
}

/** Options of `runWorker()`. What a command line calls it is said in `docs/workers.md`. */
export interface RunWorkerOptions {
  /**
   * What it is called in records, in the log and by remote control; '%h' is the host's name, '%n' that without its
   * domain, '%d' the domain, '%p' the process. Default '%h-%p'.
   */
  name?: string | undefined;
  /** The queues to take from. Default: all. */
  queues?: readonly string[] | undefined;
  /** Queues that it does not take from. Default: none. */
  excludeQueues?: readonly string[] | undefined;
  /**
   * 'async': all tasks in this process. 'prefork': in child processes, each with an application of its own, so that a
   * task that blocks, crashes or leaks touches no other; hard time limits kill. Default 'async'.
   */
  pool?: 'async' | 'prefork' | undefined;
  /** How many tasks run at once: in this process (default 10), or as many child processes (default: one a core). */
  concurrency?: number | undefined;
  /** With 'prefork': how many tasks a child runs at once; more than 1 is for tasks that mostly wait. Default 1. */
  concurrencyPerChild?: number | undefined;
  /** With 'prefork': a child is replaced after so many tasks. Default: never. */
  maxTasksPerChild?: number | undefined;
  /** With 'prefork': a child is replaced when it has more resident memory than this, in KiB. Default: never. */
  maxMemoryPerChild?: number | undefined;
  /** With 'prefork': a child is replaced after this time. Default: never. */
  maxChildAge?: Duration | undefined;
  /** Grows while tasks wait, shrinks while there are none. Default: neither. */
  autoscale?: AutoscaleOptions | undefined;
  /** How many threads, and how many processes, run `isolate`d tasks at once, in each process. Default: one a core. */
  isolates?: number | undefined;
  /** As `softTimeLimit` of `@Task()`, for tasks that have none. Default: none. */
  softTimeLimit?: Duration | undefined;
  /** As `timeLimit` of `@Task()`, for tasks that have none. Default: none. */
  timeLimit?: Duration | undefined;
  /** Whether it makes the tasks of schedules that tick; every worker may, and each tick makes one task. Default true. */
  beat?: boolean | undefined;
  /** Revokes what is ready in its queues before it takes from them. Default false. */
  purge?: boolean | undefined;
  /** What its log says: 'warn' says warnings and errors. Default: what the application's logger says. */
  logLevel?: LogLevel | undefined;
  /** How long running tasks may go on after SIGTERM or SIGINT. Default '30s'. */
  shutdownGrace?: Duration | undefined;
  /** How the worker shows that it is alive. Default: only by its lease. */
  health?: HealthOptions | undefined;
  /**
   * How the log is written. With 'json' each line is an object, and lines that are logged while a task runs tell which
   * one. Beside it `nest.logger` may be levels or a TaskConsoleLogger. Default: as `nest.logger` does.
   */
  logFormat?: LogFormat | undefined;
  /** Passed on to Nest, for example `logger`. */
  nest?: Parameters<typeof NestFactory.createApplicationContext>[1] | undefined;
}
