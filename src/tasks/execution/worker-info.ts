import { hostname } from 'node:os';
import type { RegisteredTask } from '../definition/registered-tasks.js';
import { VERSION } from '../version.js';
import type { WorkerReport } from './worker-controls.js';

/** What a worker's row says of it from its start on. */
export interface WorkerInfo {
  readonly host: string;
  readonly pid: number;
  /** Of Node. */
  readonly node: string;
  readonly celeriac: string;
  readonly pool: WorkerReport['pool'];
  readonly inline: boolean;
  /** The kind of its broker: who submits must use the same. */
  readonly broker: string;
  readonly concurrency: number;
  readonly queues: readonly string[];
  readonly all: boolean;
  /** Where the clock of crontabs stands that name no zone. */
  readonly timezone: string;
  /** What it has the code of: who submits from without the code learns names and queues here. */
  readonly tasks: readonly RegisteredTask[];
  /** The process of its supervisor, when it is the child of a prefork worker: operators see only that one. */
  readonly supervisor?: number | undefined;
}

export function describeWorker(
  { pool, slots, queues, all }: WorkerReport,
  rest: Pick<WorkerInfo, 'inline' | 'broker' | 'timezone' | 'tasks' | 'supervisor'>,
): WorkerInfo {
  const where = { host: hostname(), pid: process.pid, node: process.version, celeriac: VERSION };
  return { ...where, pool, concurrency: slots, queues, all, ...rest };
}
