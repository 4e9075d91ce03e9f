import { isNativeError } from 'node:util/types';
import { Pool, types, type PoolClient } from 'pg';
import { InvalidOptionError, StoreUnavailableError } from '../errors.js';
import type { ConnectionSettings } from './connection.js';

/** A statement with a name, under which each connection prepares it once. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/**
 * Runs statements, either each on its own or all in one transaction: there in the order in which they are given, and
 * those that need not wait for an answer may be given at once.
 */
export interface Runner {
  run<Row extends object = Record<string, unknown>>(statement: Statement, values: unknown[]): Promise<Row[]>;
}

/**
 * How many connections the hot statements may use: two lanes each of submitting and settling, one each of claiming,
 * advancing, deferring, progress and maintenance.
 */
const POOL_SIZE = 9;
const CONNECT_TIMEOUT_MS = 3000;
/** Longer than any of our statements takes; a statement that hangs must not hold its lane for ever. */
const STATEMENT_TIMEOUT_MS = 30_000;

/**
 * Planning is steered because the live table is empty most of the time: plans made from such statistics scan it, and
 * that stays with a prepared statement when a million rows arrive. Every statement here finds its rows by an index.
 */
const SESSION = {
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  jit: 'off',
  TimeZone: 'UTC',
  default_transaction_isolation: "'read committed'",
  synchronous_commit: 'on',
  statement_timeout: String(STATEMENT_TIMEOUT_MS),
};

/**
 * Waits for all, and throws what the first of them threw: the failure of one statement is the cause of those of the
 * statements that were sent after it.
 */
export async function allInOrder<T extends readonly unknown[]>(promises: {
  readonly [K in keyof T]: Promise<T[K]>;
}): Promise<T> {
  const settled = await Promise.allSettled(promises);
  for (const each of settled) if (each.status === 'rejected') throw each.reason;
  return settled.map((each) => (each as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

/** The pool behind the hot statements: plain SQL, prepared, on connections with steered planning. */
export class Database implements Runner {
  private readonly pool: Pool;
  private closing: Promise<void> | undefined;

  constructor(private readonly settings: ConnectionSettings) {
    this.pool = new Pool({
      ...settings.statements,
      ...(settings.pooled ? {} : { options: sessionOptions(settings.statements.options) }),
      max: POOL_SIZE,
      // what is sent before the answers are there: see `together`
      pipeline: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      // the server's own limit comes first, unless the connection hangs half open
      query_timeout: STATEMENT_TIMEOUT_MS + 5000,
      idleTimeoutMillis: 30_000,
      allowExitOnIdle: true,
      types: { getTypeParser: textForTimes },
    });
    surviveBreaks(this.pool);
  }

  /**
   * Makes a connection, so that settings which cannot work end the start.
   * @throws InvalidOptionError for a transaction pooler without `directUrl`, StoreUnavailableError
   */
  async connect(): Promise<void> {
    await this.withClient(async () => undefined);
  }

  /**
   * @throws StoreUnavailableError when no connection could be made: the statement was certainly not run.
   * @throws the driver's error otherwise; see {@link isTransient}.
   */
  async run<Row extends object = Record<string, unknown>>(
    statement: Statement,
    values: unknown[],
  ): Promise<Row[]> {
    // Behind a transaction pooler planning can be steered for one transaction only.
    if (this.settings.pooled) return this.transaction((runner) => runner.run<Row>(statement, values));
    return this.withClient((client) => this.query<Row>(client, statement, values));
  }

  /** Runs `work` in one transaction. */
  transaction<T>(work: (runner: Runner) => Promise<T>): Promise<T> {
    return this.withClient(async (client) => {
      await client.query(this.begin);
      try {
        const result = await work({ run: (statement, values) => this.query(client, statement, values) });
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  /**
   * Runs statements in one transaction, all sent at once: the way to the database is gone once, not once for each.
   * @returns the rows of each
   */
  together(statements: readonly (readonly [Statement, unknown[]])[]): Promise<object[][]> {
    return this.withClient(async (client) => {
      const begun = client.query(this.begin);
      const rows = statements.map(([statement, values]) => this.query(client, statement, values));
      // after a statement that failed the server takes COMMIT for ROLLBACK
      await allInOrder([begun, ...rows, client.query('COMMIT')]);
      return Promise.all(rows);
    });
  }

  /** May be called twice. */
  close(): Promise<void> {
    return (this.closing ??= this.pool.end());
  }

  private get begin(): string {
    return this.settings.pooled ? `BEGIN; ${setLocal}` : 'BEGIN';
  }

  private async query<Row extends object>(
    client: PoolClient,
    { name, text }: Statement,
    values: unknown[],
  ): Promise<Row[]> {
    // the next connection of a transaction pooler does not know what was prepared on this one
    return (await client.query<Row>(this.settings.pooled ? { text, values } : { name, text, values })).rows;
  }

  private async withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    let client: PoolClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      const { message } = error as Error;
      // what PgBouncer says to the planner's settings
      if (message.includes('unsupported startup parameter'))
        throw new InvalidOptionError(
          'directUrl',
          `the URL of Postgres itself, because that of the database leads to a connection pooler (it says: ${message})`,
          undefined,
        );
      throw new StoreUnavailableError(`the database cannot be reached: ${message}`, { cause: error });
    }
    let broken: boolean | undefined;
    try {
      return await work(client);
    } catch (error) {
      broken = isTransient(error);
      throw error;
    } finally {
      client.release(broken);
    }
  }
}

/**
 * A connection that breaks fails its statement, and an idle one is replaced: the event as such needs a listener, or it
 * ends the process. Also between the connecting and the moment somebody has it, when the pool itself does not listen.
 */
export function surviveBreaks(pool: Pool): void {
  const ignore = () => undefined;
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
}

const setLocal = Object.entries(SESSION)
  .map(([name, value]) => `SET LOCAL ${name} = ${value}`)
  .join('; ');

function sessionOptions(given: string | undefined): string {
  const ours = Object.entries(SESSION).map(
    ([name, value]) => `-c ${name}=${value.replaceAll("'", '').replaceAll(' ', '\\ ')}`,
  );
  return [given, ...ours].filter(Boolean).join(' ');
}

const TIMESTAMPTZ: number = types.builtins.TIMESTAMPTZ;

/** Times stay text: a Date would lose the microseconds by which ready rows are ordered. */
function textForTimes(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === TIMESTAMPTZ) return (value) => value;
  return (types.getTypeParser as (oid: number, format?: string) => (value: string) => unknown)(oid, format);
}

/** SQLSTATE classes and codes after which the same statement may succeed when it is run again. */
const TRANSIENT = /^(08...|57P0[1-5]|57014|53[0-4]00|58030|40001|40P01|55P03|25006)$/;
const TRANSIENT_SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** Whether the database or the way to it failed, and not the statement or its data. */
export function isTransient(error: unknown): boolean {
  if (error instanceof StoreUnavailableError) return true;
  // not `instanceof`: in a test runner's context the errors of sockets are of another realm
  if (!isNativeError(error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && code !== '') return TRANSIENT.test(code) || TRANSIENT_SYSTEM.has(code);
  // node-postgres gives its own errors for a broken connection no code
  return /connection|timeout|not queryable|client was closed/i.test(error.message);
}

/** Whether the transaction was certainly rolled back, so that nothing of it can have been stored. */
export function wasRolledBack(error: unknown): boolean {
  if (error instanceof StoreUnavailableError) return true;
  const { code } = error as { code?: unknown };
  return (
    typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('08') && !code.startsWith('57')
  );
}

/** Whether a value of the statement is at fault, so that its neighbours in a batch may still go through. */
export function isDataError(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^(22|23|54)/.test(code);
}
