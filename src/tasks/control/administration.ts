import { CeleriacError } from '../errors.js';
import type { RegisteredTask } from '../definition/registered-tasks.js';
import type { Statement } from '../store/database.js';
import { listensTo } from '../store/statements/listening.js';
import { noteAction, type PurgeStep } from '../store/statements/purge.js';
import type { Storage } from '../store/storage.js';
import type { Dependents } from './dependents.js';
import { Remembered } from './remembered.js';
import { resendHead } from './resender.js';
import { findWorker, listWorkers, type WorkerDetail, type WorkerStatus } from './worker-list.js';

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
  /** Tasks wait in it, and no living worker takes from it. */
  unattended: boolean;
}

export class UnknownQueueError extends CeleriacError {
  readonly code = 'UNKNOWN_QUEUE';
}

/** Who does it; kept in the audit. */
interface By {
  readonly by?: string | null | undefined;
}

const PURGE_BATCH = 1000;

/** What operators look at and do, beside single tasks. */
export class Administration {
  private readonly noteStatement: Statement;
  private readonly attended = new Remembered<boolean>(2000);

  constructor(
    private readonly storage: Storage,
    private readonly dependents: Dependents,
  ) {
    this.noteStatement = noteAction(storage.tables);
  }

  /** Living workers, and those that died within the last hour. */
  async workers(): Promise<WorkerStatus[]> {
    return (await listWorkers(this.storage)).map(({ tasks: _many, ...status }) => status);
  }

  /** One, by its id or name, with what it has the code of. @throws UnknownWorkerError */
  worker(which: string): Promise<WorkerDetail> {
    return findWorker(this.storage, which);
  }

  /** What living workers have the code of, by name; when none lives, what those had that died within the last hour. */
  async registered(): Promise<RegisteredTask[]> {
    const workers = await listWorkers(this.storage);
    const living = workers.filter((worker) => worker.alive);
    const tasks = (living.length > 0 ? living : workers).flatMap((worker) => worker.tasks);
    const byName = new Map(tasks.map((task) => [task.name, task]));
    return [...byName.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  /** Whether a living worker takes from the queue; asked at most once in two seconds each. */
  async isAttended(queue: string): Promise<boolean> {
    return this.attended.ask(queue, async () => {
      const { dataSource, tables } = this.storage;
      const rows = await dataSource.query<unknown[]>(
        `SELECT FROM ${tables.worker} w WHERE ${listensTo('w', '$1')} LIMIT 1`,
        [queue],
      );
      return rows.length > 0;
    });
  }

  /** Of Postgres. */
  async databaseVersion(): Promise<string> {
    const [row] = await this.storage.dataSource.query<{ version: string }[]>(
      `SELECT current_setting('server_version') AS version`,
    );
    return row!.version;
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
         coalesce(r.running, 0) AS running,
         ARRAY(SELECT w.name FROM ${tables.worker} w WHERE ${listensTo('w', 'q.name')} ORDER BY w.name) AS workers
       FROM ${tables.queue} q LEFT JOIN (
         SELECT t.queue, count(*)::int AS running FROM ${tables.task} t WHERE t.worker_id IS NOT NULL GROUP BY t.queue
       ) r ON r.queue = q.name WHERE $1::text IS NULL OR q.name = $1 ORDER BY q.name`,
      [name ?? null],
    );
    return rows.map(({ paused_at, oldest, ...row }) => ({
      name: row.name,
      pausedAt: paused_at?.toISOString() ?? null,
      depth: row.depth,
      oldestMs: oldest ? Math.max(0, Date.now() - oldest.getTime()) : null,
      running: row.running,
      workers: row.workers,
      unattended: row.depth > 0 && row.workers.length === 0,
    }));
  }

  /** @throws UnknownQueueError */
  async pause(queue: string, { by = null }: By = {}): Promise<QueueStatus> {
    const status = await this.setPaused(queue, 'coalesce(paused_at, now())');
    await this.note(by, 'pause_queue', { queue });
    this.storage.channel.queues();
    return status;
  }

  /** @throws UnknownQueueError */
  async resume(queue: string, { by = null }: By = {}): Promise<QueueStatus> {
    const status = await this.setPaused(queue, 'NULL');
    await this.note(by, 'resume_queue', { queue });
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
  async purge(queue: string, { by = null }: By = {}): Promise<number> {
    const { channel, store } = this.storage;
    if ((await this.queues(queue)).length === 0) throw unknownQueue(queue);
    let purged = 0;
    let last: PurgeStep | undefined;
    do {
      const from = [last?.before ?? null, last?.priority ?? 0, last?.from ?? '-infinity'];
      const { step, cascade } = await store.purge([queue, PURGE_BATCH, ...from]);
      last = step;
      channel.changed(last.ids);
      this.dependents.follow(cascade);
      purged += last.ids.length;
    } while (last.priority !== null);
    await this.dropMessages(queue);
    await this.note(by, 'purge', { queue, purged });
    return purged;
  }

  /** Messages about what was purged would only cost refused claims; what has become ready meanwhile is told again. */
  private async dropMessages(queue: string): Promise<void> {
    const { broker, relayStore, relay } = this.storage;
    if (broker.isTable || !broker.status.up) return;
    await broker.purge(queue);
    await resendHead(relayStore, relay, queue);
  }

  private async note(by: string | null, action: string, detail: object): Promise<void> {
    await this.storage.database.run(this.noteStatement, [by, action, JSON.stringify(detail)]);
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

interface QueueRow {
  name: string;
  paused_at: Date | null;
  depth: number;
  oldest: Date | null;
  running: number;
  workers: string[];
}
