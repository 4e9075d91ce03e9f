import type { Database } from './database.js';
import { dropOutbox, outboxLag, takeOutbox } from './statements/outbox.js';
import { knownEpoch, newEpoch, now, overdue, resendNext, resendReady } from './statements/ready.js';
import type { Tables } from './tables.js';
import { noted, readyBatch, type ReadyBatch, type ReadyTask } from './ready-batch.js';

/** What makes sure that a broker is told of every ready row: the outbox, and sending again what it lost. */
export class RelayStore {
  private readonly statements;

  constructor(
    private readonly database: Database,
    tables: Tables,
  ) {
    this.statements = {
      takeOutbox: takeOutbox(tables),
      dropOutbox: dropOutbox(tables),
      outboxLag: outboxLag(tables),
      now: now(tables),
      overdue: overdue(tables),
      resend: resendReady(tables),
      next: resendNext(tables),
      knownEpoch: knownEpoch(tables),
      newEpoch: newEpoch(tables),
    };
  }

  /**
   * Rows to be published again, oldest first: those that became ready `ms` before `since`.
   * @param since as Postgres prints it; undefined: now
   */
  async resendReady(
    place: { queue: string; priority: number },
    older: { since?: string | undefined; ms: number },
    limit: number,
  ): Promise<ReadyBatch> {
    const values = [place.queue, place.priority, older.since ?? null, limit, older.ms];
    return readyBatch(await this.database.run<ReadyTask & object>(this.statements.resend, values));
  }

  /** The database's time, as it prints it. */
  async now(): Promise<string> {
    return (await this.database.run<{ now: string }>(this.statements.now, []))[0]!.now;
  }

  /** Where rows have been ready for more than `ms`: because there is much to do, or because the broker lost them. */
  overdue(queues: readonly string[], ms: number): Promise<{ queue: string; priority: number }[]> {
    return this.database.run<{ queue: string; priority: number }>(this.statements.overdue, [queues, ms]);
  }

  /** The next of all ready rows, while the broker's memory is being made up for; see {@link noteEpoch}. */
  async resendNext(broker: string, limit: number): Promise<ReadyBatch> {
    return readyBatch(await this.database.run<ReadyTask & object>(this.statements.next, [broker, limit]));
  }

  async knownEpoch(broker: string): Promise<string | undefined> {
    return (await this.database.run<{ epoch: string }>(this.statements.knownEpoch, [broker]))[0]?.epoch;
  }

  /** From now on all that is ready is sent again. @returns false when another process was faster */
  async noteEpoch(broker: string, epoch: string, known: string | undefined): Promise<boolean> {
    return (await this.database.run(this.statements.newEpoch, [broker, epoch, known ?? null])).length > 0;
  }

  /**
   * What was noted for the relay and is older than `olderThanMs`, for `leaseMs` nobody else's.
   * @param limit the most outbox rows
   */
  async takeOutbox(limit: number, olderThanMs: number, leaseMs: number): Promise<ReadyBatch> {
    const rows = await this.database.run<Partial<ReadyTask> & { outbox: string }>(
      this.statements.takeOutbox,
      [limit, olderThanMs, leaseMs],
    );
    return { tasks: rows.filter((row) => row.id !== null) as ReadyTask[], outbox: noted(rows) };
  }

  async dropOutbox(ids: readonly string[]): Promise<void> {
    await this.database.run(this.statements.dropOutbox, [ids]);
  }

  /** How many batches wait for the relay (at most 10,000), and how old the oldest is, in ms. */
  async outboxLag(): Promise<{ batches: number; ms: number }> {
    const [row] = await this.database.run<{ batches: number; ms: number | null }>(
      this.statements.outboxLag,
      [],
    );
    return { batches: row?.batches ?? 0, ms: row?.ms ?? 0 };
  }
}
