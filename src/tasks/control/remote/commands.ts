import type { LogLevel } from '@nestjs/common';
import type { RegisteredTask } from '../../definition/registered-tasks.js';
import type { ActiveTask, WorkerReport } from '../../execution/worker-controls.js';

export interface WorkerStats extends WorkerReport {
  readonly host: string;
  readonly pid: number;
  /** Of Node. */
  readonly version: string;
  /** Of celeriac. */
  readonly celeriac: string;
  /** Seconds since its process started. */
  readonly uptime: number;
  readonly broker: string;
  readonly brokerIsUp: boolean;
}

/** A task that a worker holds, and whether it runs or waits for a slot. */
export type TaskWhereabouts = ActiveTask & { readonly state: 'active' | 'reserved' };

type Nothing = Readonly<Record<string, never>>;
type Queue = { readonly queue: string };
type Count = { readonly n: number };

/** What workers can be asked: parameters and answer, by the name that Celery gives it. */
export interface Inspections {
  ping: { params: Nothing; answer: 'pong' };
  stats: { params: Nothing; answer: WorkerStats };
  active: { params: Nothing; answer: readonly ActiveTask[] };
  /** Taken and not running yet. */
  reserved: { params: Nothing; answer: readonly ActiveTask[] };
  /** Running, and asked to end. */
  revoked: { params: Nothing; answer: readonly ActiveTask[] };
  active_queues: { params: Nothing; answer: readonly string[] };
  registered: { params: Nothing; answer: readonly RegisteredTask[] };
  conf: { params: Nothing; answer: Readonly<Record<string, unknown>> };
  /** Versions and settings, as text for a bug report. */
  report: { params: Nothing; answer: string };
  query_task: { params: { readonly ids: readonly string[] }; answer: readonly TaskWhereabouts[] };
  memsample: { params: Nothing; answer: Readonly<Record<string, number>> };
}

/** What workers can be told: parameters and answer. */
export interface Controls {
  /** Answers with the queues that it takes from now. */
  add_consumer: { params: Queue; answer: readonly string[] };
  cancel_consumer: { params: Queue; answer: readonly string[] };
  /** Answers with how many there are now. */
  pool_grow: { params: Count; answer: number };
  pool_shrink: { params: Count; answer: number };
  pool_restart: { params: Nothing; answer: null };
  autoscale: { params: { readonly max: number; readonly min: number }; answer: null };
  /** Takes nothing until `resume`; what runs goes on. */
  pause: { params: Nothing; answer: null };
  resume: { params: Nothing; answer: null };
  loglevel: { params: { readonly level: LogLevel }; answer: null };
  /** Ends as by SIGTERM; answers before it ends. */
  shutdown: { params: Nothing; answer: null };
}

export type WorkerCommands = Inspections & Controls;
/** What workers can be asked: the names of `Inspections`. */
export type Inspection = keyof Inspections;
/** What workers can be told: the names of `Controls`. */
export type Control = keyof Controls;

export const INSPECTIONS = [
  'ping',
  'stats',
  'active',
  'reserved',
  'revoked',
  'active_queues',
  'registered',
  'conf',
  'report',
  'query_task',
  'memsample',
] as const satisfies readonly Inspection[];

export const CONTROLS = [
  'add_consumer',
  'cancel_consumer',
  'pool_grow',
  'pool_shrink',
  'pool_restart',
  'autoscale',
  'pause',
  'resume',
  'loglevel',
  'shutdown',
] as const satisfies readonly Control[];
