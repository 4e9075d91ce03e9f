import {
  ARGS_IN_PAYLOAD,
  PAYLOAD_ARGS,
  PAYLOAD_RESULT,
  PAYLOAD_THRESHOLD,
  RESULT_IN_PAYLOAD,
} from './columns.js';
import type { Database, Runner } from './database.js';
import type { AttemptOutcome, FinalState, TaskState } from './states.js';
import { jobStatements } from './statements/jobs.js';
import type { RecordedError, RecordedOptions, TaskProgress } from './task-record.entity.js';
import type { Tables } from './tables.js';

/** What is known of a job. */
export interface KnownJob {
  readonly jobId: string;
  /** Its record's. */
  readonly id: string;
  readonly name: string;
  readonly state: TaskState;
  readonly attempt: number;
  readonly retries: number;
  /** As Postgres prints times. */
  readonly created_at: string;
  readonly started_at: string | null;
  readonly options: RecordedOptions | null;
}

/** What a record is to become. Times are ISO 8601. */
export interface JobChange {
  readonly jobId: string;
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly created: string;
  /** Only of a new record; arguments that are not known are undefined. */
  readonly added?: { readonly args: unknown[] | undefined; readonly tags: Readonly<Record<string, string>> };
  /** Whether it had ended, and has not any more. */
  readonly revived: boolean;
  readonly state: TaskState;
  readonly attempt: number;
  readonly retries: number;
  readonly started: string | null;
  readonly progress: TaskProgress | null;
  readonly options: RecordedOptions;
  /** How long each of its starts had been possible before, in milliseconds. */
  readonly waits: readonly number[];
  readonly end?: {
    readonly state: FinalState;
    readonly finished: string;
    readonly result: unknown;
    readonly error: RecordedError | null;
  };
  /** Attempts that did not end well. */
  readonly attempts: readonly {
    readonly attempt: number;
    readonly started: string | null;
    readonly ended: string;
    readonly outcome: AttemptOutcome;
    readonly error: RecordedError | null;
  }[];
}

/** From which event to which other one of a queue's. */
export interface Step {
  readonly queue: string;
  readonly holder: string;
  readonly from: string;
  readonly to: string;
  /** Whether events were lost, for which the jobs are still to be looked at. */
  readonly missed: boolean;
}

const HOUR_MS = 3_600_000;
/** For so long more may be heard of a job that has ended, and a failed one be retried. */
const KEPT_MS: Readonly<Record<FinalState, number>> = {
  SUCCESS: HOUR_MS,
  REVOKED: HOUR_MS,
  FAILURE: 7 * 24 * HOUR_MS,
};

/** The records of jobs that another system runs. */
export class JobStore {
  private readonly statements;

  constructor(
    private readonly database: Database,
    tables: Tables,
  ) {
    this.statements = jobStatements(tables);
  }

  /** @returns up to which event it is recorded; undefined while somebody else records the queue */
  async hold(
    queue: string,
    holder: string,
    leaseMs: number,
  ): Promise<{ cursor: string; missed: boolean } | undefined> {
    const values = [queue, holder, leaseMs];
    return (await this.database.run<{ cursor: string; missed: boolean }>(this.statements.hold, values))[0];
  }

  async letGo(queue: string, holder: string): Promise<void> {
    await this.database.run(this.statements.letGo, [queue, holder]);
  }

  async known(queue: string, jobIds: readonly string[]): Promise<Map<string, KnownJob>> {
    const rows = await this.database.run<KnownJob & object>(this.statements.known, [queue, jobIds]);
    return new Map(rows.map((row) => [row.jobId, row]));
  }

  /** Jobs whose records are live, in the order of their ids. */
  async live(queue: string, after: string, limit: number): Promise<string[]> {
    const rows = await this.database.run<{ jobId: string }>(this.statements.live, [queue, after, limit]);
    return rows.map((row) => row.jobId);
  }

  /**
   * Writes the changes and moves on, both or neither: so every event is recorded once, whoever dies when.
   * @returns false when somebody else has been faster; nothing was written
   */
  write({ queue, holder, from, to, missed }: Step, changes: readonly JobChange[]): Promise<boolean> {
    return this.database.transaction(async (runner) => {
      const moved = await runner.run(this.statements.move, [queue, holder, from, to, missed]);
      if (moved.length === 0) return false;
      await this.apply(runner, queue, changes);
      return true;
    });
  }

  /** Forgets which records jobs had that ended long ago. @returns whether there may be more */
  async dropOld(limit: number): Promise<boolean> {
    return (await this.database.run<{ n: number }>(this.statements.dropOld, [limit]))[0]!.n >= limit;
  }

  private async apply(runner: Runner, queue: string, changes: readonly JobChange[]): Promise<void> {
    const { revive, insert, update, finish, payloads, attempts, note } = this.statements;
    const run = async (statement: typeof insert, rows: readonly object[], ...more: unknown[]) => {
      if (rows.length > 0) await runner.run(statement, [jsonFor(rows), ...more]);
    };
    const revived = changes.filter((change) => change.revived).map(({ id }) => id);
    if (revived.length > 0) await runner.run(revive, [revived]);
    const large: Payload[] = [];
    const added = changes.flatMap(({ added: own, ...change }) => {
      if (!own) return [];
      const args = inRow(own.args, change.id, PAYLOAD_ARGS, large);
      return [{ ...change, ...own, args, codec: own.args && args === null ? ARGS_IN_PAYLOAD : 0 }];
    });
    await run(insert, added);
    await run(update, changes);
    const ended = changes.flatMap(({ id, end }) => {
      if (!end) return [];
      const result = inRow(end.result, id, PAYLOAD_RESULT, large);
      const lies = result === null && end.result !== null && end.result !== undefined;
      return [{ id, ...end, result, codec: lies ? RESULT_IN_PAYLOAD : 0 }];
    });
    await run(finish, ended);
    await run(payloads, large);
    await run(
      attempts,
      changes.flatMap(({ id, attempts: own }) => own.map((each) => ({ id, ...each }))),
    );
    const noted = changes.map(({ jobId, id, end }) => ({
      job: jobId,
      id,
      kept: end ? KEPT_MS[end.state] : null,
    }));
    // a job of the same id that was added anew has the newer record
    await run(note, [...new Map(noted.map((each) => [each.job, each])).values()], queue);
  }
}

interface Payload {
  readonly id: string;
  readonly kind: number;
  readonly data: string;
}

/** The value, or null when it is so large that it is added to what lies elsewhere. */
function inRow(value: unknown, id: string, kind: number, large: Payload[]): unknown {
  if (value === undefined || value === null) return null;
  const data = JSON.stringify(value);
  if (data.length <= PAYLOAD_THRESHOLD) return value;
  large.push({ id, kind, data });
  return null;
}

/** JSON that Postgres takes: it can store neither NUL nor lone surrogates, which only occur escaped here. */
function jsonFor(rows: readonly object[]): string {
  return JSON.stringify(rows).replaceAll(/\\(?:u(0000|d[89a-f][\da-f]{2})|.)/g, (escape, bad?: string) =>
    bad === undefined ? escape : '\\ufffd',
  );
}
