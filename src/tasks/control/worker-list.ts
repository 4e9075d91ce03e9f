import type { RegisteredTask } from '../definition/registered-tasks.js';
import type { WorkerReport } from '../execution/worker-controls.js';
import type { WorkerInfo } from '../execution/worker-info.js';
import type { Storage } from '../store/storage.js';
import { UnknownWorkerError } from './remote/worker-names.js';

export interface WorkerStatus {
  id: string;
  name: string;
  alive: boolean;
  aliveSince: string;
  leaseUntil: string;
  host: string | null;
  pid: number | null;
  /** Whether it shares its process with the application. */
  inline: boolean;
  /** Of Node. */
  version: string | null;
  celeriac: string | null;
  pool: string | null;
  /** The kind of its broker. */
  broker: string | null;
  /** How many tasks it runs at once. */
  concurrency: number | null;
  /** How many tasks it runs. */
  running: number;
  /** Handlers that have ended since its start, however. */
  processed: number;
  /** Tasks that have failed for good. */
  failures: number;
  queues: string[];
  /** Whether it takes from queues that are new, too. */
  all: boolean;
  /** Whether it was told to take nothing. */
  paused: boolean;
  /** Of its machine, in the last minute. */
  load: number | null;
  /** In bytes (resident). */
  memory: number | null;
  /** How long its event loop was blocked at most between its last two reports, in milliseconds. */
  eventLoopLagMs: number | null;
  /** When it last said so; a blocked event loop keeps its lease and says nothing. */
  reportedAt: string | null;
}

export interface WorkerDetail extends WorkerStatus {
  /** What it has the code of. */
  tasks: readonly RegisteredTask[];
}

interface WorkerRow {
  id: string;
  name: string;
  alive: boolean;
  alive_since: Date;
  lease_until: Date;
  running: number;
  info: Partial<WorkerInfo>;
  status: Partial<WorkerReport> | null;
  status_at: Date | null;
}

/** Living workers, and those that died within the last hour. @param which a name or an id; undefined: all */
export async function listWorkers(
  { dataSource, tables }: Pick<Storage, 'dataSource' | 'tables'>,
  which?: string,
): Promise<WorkerDetail[]> {
  const rows = await dataSource.query<WorkerRow[]>(
    `SELECT w.id, w.name, w.dead_at IS NULL AND w.lease_until > clock_timestamp() AS alive, w.alive_since, w.lease_until,
       w.info, w.status, w.status_at, (SELECT count(*)::int FROM ${tables.task} t WHERE t.worker_id = w.id) AS running
     FROM ${tables.worker} w WHERE (w.dead_at IS NULL OR w.dead_at > now() - interval '1 hour')
       AND w.info->'supervisor' IS NULL AND ($1::text IS NULL OR w.id::text = $1 OR w.name = $1) ORDER BY alive DESC, w.name, w.id DESC`,
    [which ?? null],
  );
  return rows.map(toDetail);
}

/** One, by its id or name; of several of a name the living one. @throws UnknownWorkerError */
export async function findWorker(
  storage: Pick<Storage, 'dataSource' | 'tables'>,
  which: string,
): Promise<WorkerDetail> {
  const [worker] = await listWorkers(storage, which);
  if (!worker) throw new UnknownWorkerError(`no worker is called '${which.slice(0, 100)}'`);
  return worker;
}

function toDetail({ info, status, ...row }: WorkerRow): WorkerDetail {
  return {
    id: row.id,
    name: row.name,
    alive: row.alive,
    aliveSince: row.alive_since.toISOString(),
    leaseUntil: row.lease_until.toISOString(),
    host: info.host ?? null,
    pid: info.pid ?? null,
    inline: info.inline ?? false,
    version: info.node ?? null,
    celeriac: info.celeriac ?? null,
    pool: status?.pool ?? null,
    broker: info.broker ?? null,
    concurrency: status?.slots ?? info.concurrency ?? null,
    // what a prefork worker runs is its children's
    running: status?.pool === 'prefork' ? (status.running ?? 0) : row.running,
    processed: status?.processed ?? 0,
    failures: status?.failures ?? 0,
    queues: [...(status?.queues ?? info.queues ?? [])],
    all: info.all ?? false,
    paused: status?.paused ?? false,
    load: status?.load ?? null,
    memory: status?.memory ?? null,
    eventLoopLagMs: status?.eventLoopLagMs ?? null,
    reportedAt: row.status_at?.toISOString() ?? null,
    tasks: info.tasks ?? [],
  };
}
