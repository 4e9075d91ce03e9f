import { CeleriacError } from '../errors.js';
import type { Statement } from '../store/database.js';
import { noteAction, purge, type PurgeStep } from '../store/statements/purge.js';
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

const PURGE_BATCH = 1000;

/** What operators look at and do, beside single tasks. */
export class Administration {
  private readonly purgeStatement: Statement;
  private readonly noteStatement: Statement;

  constructor(private readonly storage: Storage) {
    this.purgeStatement = purge(storage.tables);
    this.noteStatement = noteAction(storage.tables);
  }

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

  /**
   * Revokes what is ready to be taken from the queue now; delayed tasks and retries that wait for their time stay. In
   * batches, so that it holds no lock for long; one that breaks off has purged what it had.
   * @returns how many
   * @throws UnknownQueueError
   */
  async purge(queue: string, { by = null }: { by?: string | null } = {}): Promise<number> {
    const { database, channel } = this.storage;
    if ((await this.queues(queue)).length === 0) throw unknownQueue(queue);
    let purged = 0;
    let last: PurgeStep | undefined;
    do {
      const from = [last?.before ?? null, last?.priority ?? 0, last?.from ?? '-infinity'];
      [last] = await database.run<PurgeStep>(this.purgeStatement, [queue, PURGE_BATCH, ...from]);
      channel.changed(last!.ids);
      purged += last!.ids.length;
    } while (last!.priority !== null);
    await this.dropMessages(queue);
    await database.run(this.noteStatement, [by, 'purge', JSON.stringify({ queue, purged })]);
    return purged;
  }

  /** Messages about what was purged would only cost refused claims; what has become ready meanwhile is told again. */
  private async dropMessages(queue: string): Promise<void> {
    const { broker, relayStore, relay } = this.storage;
    if (broker.isTable || !broker.status.up) return;
    await broker.purge(queue);
    await resendHead(relayStore, relay, queue);
  }

  private async setPaused(queue: string, value: string): Promise<QueueStatus> {
    const { dataSource, tables } = this.storage;
    await dataSource.query(`UPDATE ${tables.queue} SET paused_at = ${value} WHERE name = $1`, [queue]);
    const [status] = await this.queues(queue);
    if (!status) throw unknownQueue(queue);
    return status;
  }
}

const unknownQueue = (queue: string) => new UnknownQueueError(`no queue is called '${queue}'`);

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
