import { CeleriacError } from '../errors.js';
import type { Storage } from '../store/storage.js';
import { resendHead } from './resender.js';

export interface WorkerStatus {
  id: string;
  name: string;
  alive: boolean;
  aliveSince: string;
  leaseUntil: string;
  /** How many tasks it runs. */
  running: number;
  host: string | null;
  pid: number | null;
  concurrency: number | null;
  queues: string[];
}

export interface QueueStatus {
  name: string;
  /** ISO 8601, or null while it is not paused. */
  pausedAt: string | null;
  /** Ready to be taken; counted up to 10,000. */
  depth: number;
  /** How long the oldest of them has been waiting, in milliseconds. */
  oldestMs: number | null;
  running: number;
  /** The names of living workers that take from it. */
  workers: string[];
}

export class UnknownQueueError extends CeleriacError {
  readonly code = 'UNKNOWN_QUEUE';
}

/** What operators look at and do, beside single tasks. */
export class Administration {
  constructor(private readonly storage: Storage) {}

  /** Living workers, and those that died within the last hour. */
  async workers(): Promise<WorkerStatus[]> {
    const { dataSource, tables } = this.storage;
    const rows = await dataSource.query<WorkerRow[]>(
      `SELECT w.id, w.name, w.dead_at IS NULL AND w.lease_until > clock_timestamp() AS alive, w.alive_since, w.lease_until, w.info,
         (SELECT count(*)::int FROM ${tables.task} t WHERE t.worker_id = w.id) AS running
       FROM ${tables.worker} w WHERE w.dead_at IS NULL OR w.dead_at > now() - interval '1 hour' ORDER BY w.name, w.id`,
    );
    return rows.map(({ id, name, alive, alive_since, lease_until, info, running }) => ({
      id,
      name,
      alive,
      aliveSince: alive_since.toISOString(),
      leaseUntil: lease_until.toISOString(),
      running,
      host: info.host ?? null,
      pid: info.pid ?? null,
      concurrency: info.concurrency ?? null,
      queues: info.queues ?? [],
    }));
  }

  /** Every queue ever used. */
  async queues(name?: string): Promise<QueueStatus[]> {
    const { dataSource, tables } = this.storage;
    const rows = await dataSource.query<QueueRow[]>(
      `SELECT q.name, q.paused_at,
         (SELECT count(*)::int FROM (SELECT FROM ${tables.task} t WHERE t.queue = q.name AND t.ready_at IS NOT NULL
            AND t.worker_id IS NULL LIMIT 10000) x) AS depth,
         (SELECT min(p.oldest) FROM generate_series(0, 9) s(priority) CROSS JOIN LATERAL (
            SELECT t.ready_at AS oldest FROM ${tables.task} t WHERE t.queue = q.name AND t.priority = s.priority
              AND t.ready_at IS NOT NULL AND t.worker_id IS NULL ORDER BY t.ready_at LIMIT 1) p) AS oldest,
         (SELECT count(*)::int FROM ${tables.task} t WHERE t.worker_id IS NOT NULL AND t.queue = q.name) AS running,
         ARRAY(SELECT w.name FROM ${tables.worker} w WHERE w.dead_at IS NULL AND w.lease_until > clock_timestamp()
           AND (w.info->'queues' ? q.name OR w.info->>'all' = 'true') ORDER BY w.name) AS workers
       FROM ${tables.queue} q WHERE $1::text IS NULL OR q.name = $1 ORDER BY q.name`,
      [name ?? null],
    );
    return rows.map(({ paused_at, oldest, ...row }) => ({
      name: row.name,
      pausedAt: paused_at?.toISOString() ?? null,
      depth: row.depth,
      oldestMs: oldest ? Math.max(0, Date.now() - oldest.getTime()) : null,
      running: row.running,
      workers: row.workers,
    }));
  }

  /** @throws UnknownQueueError */
  async pause(queue: string): Promise<QueueStatus> {
    const status = await this.setPaused(queue, 'coalesce(paused_at, now())');
    this.storage.channel.queues();
    return status;
  }

  /** @throws UnknownQueueError */
  async resume(queue: string): Promise<QueueStatus> {
    const status = await this.setPaused(queue, 'NULL');
    const { channel, broker, relayStore, relay } = this.storage;
    channel.queues();
    channel.ready([queue]);
    if (!broker.isTable) await resendHead(relayStore, relay, queue);
    return status;
  }

  private async setPaused(queue: string, value: string): Promise<QueueStatus> {
    const { dataSource, tables } = this.storage;
    await dataSource.query(`UPDATE ${tables.queue} SET paused_at = ${value} WHERE name = $1`, [queue]);
    const [status] = await this.queues(queue);
    if (!status) throw new UnknownQueueError(`no queue is called '${queue}'`);
    return status;
  }
}

interface WorkerRow {
  id: string;
  name: string;
  alive: boolean;
  alive_since: Date;
  lease_until: Date;
  running: number;
  info: { host?: string; pid?: number; concurrency?: number; queues?: string[] };
}

interface QueueRow {
  name: string;
  paused_at: Date | null;
  depth: number;
  oldest: Date | null;
  running: number;
  workers: string[];
}
