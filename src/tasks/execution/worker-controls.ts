import type { LogLevel } from '@nestjs/common';
import { CeleriacError } from '../errors.js';

/** What a worker says of itself, again and again; kept in its row. */
export interface WorkerReport {
  readonly pool: 'async' | 'prefork';
  /** How many tasks it runs at once. */
  readonly slots: number;
  readonly running: number;
  /** Handlers that have ended since its start, however. */
  readonly processed: number;
  /** Tasks that have failed for good. */
  readonly failures: number;
  /** The queues it takes from. */
  readonly queues: readonly string[];
  /** Whether it takes from queues that are new, too. */
  readonly all: boolean;
  /** Queues that it takes from no more, although it takes from all. */
  readonly cancelled: readonly string[];
  /** Whether it was told to take nothing. */
  readonly paused: boolean;
  /** Of the machine, in the last minute. */
  readonly load: number;
  /** Of its processes together, in bytes (resident). */
  readonly memory: number;
  /** How long its event loop was blocked at most since the report before, in milliseconds. */
  readonly eventLoopLagMs: number;
  /** Its processes beside itself. */
  readonly children?: readonly { readonly pid: number; readonly running: number }[];
}

/** A task that a worker has. */
export interface ActiveTask {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly attempt: number;
  /** ISO 8601 in UTC. */
  readonly startedAt: string;
  readonly runtimeMs: number;
  /** Whether it was asked to end: revoked, or its worker is stopping. */
  readonly ending: boolean;
  /** The process that runs it. */
  readonly pid: number;
}

/** The worker cannot do what it was told. */
export class ControlRefusedError extends CeleriacError {
  readonly code = 'CONTROL_REFUSED';
}

/** What a running worker can be told and asked, whatever its pool. Remote control reaches it through this. */
export interface WorkerControls {
  /** Its identity in the database; another one after it lost its lease. */
  readonly id: string;
  readonly name: string;
  report(): WorkerReport;
  /** What it runs now. */
  active(): readonly ActiveTask[] | Promise<readonly ActiveTask[]>;
  /** What it has taken and does not run yet. */
  reserved(): readonly ActiveTask[] | Promise<readonly ActiveTask[]>;
  /** Takes from this queue too. */
  addQueue(queue: string): Promise<void>;
  /** Takes nothing more from this queue. */
  cancelQueue(queue: string): Promise<void>;
  /**
   * So many more at once, or fewer when negative: tasks in this process, or child processes.
   * @returns how many there are from now on
   * @throws ControlRefusedError when fewer than one would be left
   */
  resize(by: number): number | Promise<number>;
  /** Between these bounds by what waits. @throws ControlRefusedError */
  autoscale(bounds: { readonly min: number; readonly max: number }): void | Promise<void>;
  /** Every child ends in good order and is replaced. @throws ControlRefusedError without children */
  restartPool(): void | Promise<void>;
  /** Takes nothing until {@link resume}; what runs goes on. */
  pause(): void;
  resume(): void;
  logLevel(level: LogLevel): void;
  /** Ends as by SIGTERM. @throws ControlRefusedError for a worker that shares its process with the application */
  shutdown(): void;
}
