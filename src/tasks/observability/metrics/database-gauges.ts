import type { Database, Statement } from '../../store/database.js';
import { queueGauges, stateGauges, workerGauges } from '../../store/statements/gauges.js';
import { outboxLag } from '../../store/statements/outbox.js';
import type { TaskState } from '../../store/states.js';
import type { Tables } from '../../store/tables.js';

/** One answer serves everybody who asks within this time. */
const FRESH_MS = 5000;
/** A database that does not answer within this time counts as away. */
const PATIENCE_MS = 3000;
/** As many queues are told of. */
const MAX_QUEUES = 100;
/** As far as tasks are counted. */
const CAP = 10_000;

export interface QueueGauge {
  readonly name: string;
  readonly paused: boolean;
  /** Ready to be taken; counted up to 10,000. */
  readonly depth: number;
  /** Null while nothing is ready. */
  readonly oldestSeconds: number | null;
  readonly running: number;
  /** Living workers that take from it. */
  readonly workers: number;
}

/** What the database says of all processes together. */
export interface DatabaseReading {
  readonly queues: readonly QueueGauge[];
  /** Of live tasks, each counted up to 10,000. */
  readonly states: ReadonlyMap<TaskState, number>;
  readonly workers: { readonly online: number; readonly slots: number };
  /** What the broker has not been told of; undefined where there is nothing to tell. */
  readonly unpublished: { readonly batches: number; readonly seconds: number } | undefined;
}

/**
 * Asks the database how it stands, when somebody wants to know and at most once in five seconds: a few index scans with
 * an end, whatever the tables hold.
 */
export class DatabaseGauges {
  private readonly statements: Record<'queues' | 'states' | 'workers' | 'outbox', Statement>;
  private freshUntil = 0;
  private last: Promise<DatabaseReading | undefined> = Promise.resolve(undefined);
  private asking = false;

  /** @param queues which queues matter most, should there be very many */
  constructor(
    private readonly database: Pick<Database, 'run'>,
    private readonly tables: Tables,
    private readonly queues: () => readonly string[],
  ) {
    this.statements = {
      queues: queueGauges(tables),
      states: stateGauges(tables, CAP),
      workers: workerGauges(tables),
      outbox: outboxLag(tables),
    };
  }

  /** undefined: the database does not answer. */
  read(): Promise<DatabaseReading | undefined> {
    const now = Date.now();
    if (now >= this.freshUntil && !this.asking) {
      this.freshUntil = now + FRESH_MS;
      this.last = this.inTime();
    }
    return this.last;
  }

  private async inTime(): Promise<DatabaseReading | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS, undefined);
    });
    this.asking = true;
    const reading = this.ask()
      .catch(() => undefined)
      .finally(() => {
        this.asking = false;
      });
    const inTime = await Promise.race([reading, late]);
    clearTimeout(timer);
    return inTime;
  }

  private async ask(): Promise<DatabaseReading> {
    const { database, statements } = this;
    // one after the other: a scrape must not take the connections of the tasks
    const queues = await database.run<QueueGauge>(statements.queues, [this.queues(), MAX_QUEUES]);
    const byState = await database.run<{ state: TaskState; n: number }>(statements.states, []);
    const [workers] = await database.run<DatabaseReading['workers']>(statements.workers, []);
    const states = new Map<TaskState, number>(LIVE_STATES.map((state) => [state, 0]));
    for (const { state, n } of byState) states.set(state, Math.min(CAP, (states.get(state) ?? 0) + n));
    return { queues, states, workers: workers!, unpublished: await this.unpublished() };
  }

  private async unpublished(): Promise<DatabaseReading['unpublished']> {
    if (!this.tables.relayed) return undefined;
    const [row] = await this.database.run<{ batches: number; ms: number | null }>(this.statements.outbox, []);
    return { batches: row?.batches ?? 0, seconds: Math.max(0, row?.ms ?? 0) / 1000 };
  }
}

const LIVE_STATES: readonly TaskState[] = ['WAITING', 'PENDING', 'STARTED', 'RETRY'];
