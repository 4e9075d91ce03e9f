import { MAX_COUNT } from '../columns.js';
import type { Statement } from '../database.js';
import type { AttemptOutcome } from '../states.js';
import type { Tables } from '../tables.js';
import { isGated } from './gates.js';
import { noteForRelay } from './outbox.js';

/** How an execution ends without the task ending: it will be given out anew. */
export interface Deferral {
  readonly id: string;
  readonly fence: string;
  /** The execution's number. */
  readonly dispatch: number;
  readonly state: 'RETRY' | 'PENDING';
  /** Milliseconds until it is ready; 0 for at once. */
  readonly delayMs: number;
  /** Whether this start still counts as an attempt. */
  readonly counted: boolean;
  /** Whether a retry is charged. */
  readonly charged: boolean;
  readonly outcome: AttemptOutcome;
  /** JSON of RecordedError, or null. */
  readonly error: string | null;
  /** JSON, or null. */
  readonly progress: string | null;
}

/** A row that was given out anew. */
export interface DeferredRow {
  readonly id: string;
  readonly dispatch: number;
  readonly name: string;
  readonly queue: string;
  readonly priority: number;
  readonly ready: boolean;
  readonly outbox?: string | null;
}

/**
 * Ways after which a task must still start again before it expires: no worker has begun it, or it asks to be tried
 * anew. What its worker did to it, once it had begun in time, must not end it.
 */
export const KEEPS_EXPIRY: ReadonlySet<AttemptOutcome> = new Set(['unknown', 'retried']);
const STILL_EXPIRING = [...KEEPS_EXPIRY].map((outcome) => `'${outcome}'`).join(', ');

/**
 * Rows whose revocation was asked for are left alone: they are to be finished instead. Of looking for a worker that has
 * its code, which a task may do for ever, the last attempt is kept. $1 is the worker.
 */
export function defer(tables: Tables): Statement {
  const { task, attempt, state, schema } = tables;
  const noted = noteForRelay(tables, 'd');
  return {
    name: `${schema}.defer`,
    text: `
      WITH d AS (
        UPDATE ${task} t SET state = u.s::${state},
          due_at = CASE WHEN u.delay > 0 OR ${isGated('t.')} THEN now() + u.delay * interval '1 ms' END,
          ready_at = CASE WHEN u.delay > 0 OR ${isGated('t.')} THEN NULL ELSE now() END,
          expires_at = CASE WHEN u.o IN (${STILL_EXPIRING}) THEN t.expires_at END,
          worker_id = NULL, fence = NULL, dispatch = t.dispatch + 1,
          attempt = t.attempt - CASE WHEN u.counted THEN 0 ELSE 1 END,
          retries = least(t.retries + CASE WHEN u.charged THEN 1 ELSE 0 END, ${MAX_COUNT}),
          crashes = t.crashes + CASE WHEN u.o = 'lost' THEN 1 ELSE 0 END,
          progress = coalesce(u.p::jsonb, t.progress)
        FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::float8[], $6::bool[], $7::bool[], $8::text[], $9::text[], $10::text[])
          u(i, f, s, delay, counted, charged, o, e, p)
        WHERE t.id = ANY(ARRAY[u.i]) AND t.fence = u.f AND t.revoke_at IS NULL
        RETURNING t.id, t.dispatch, t.name, t.queue, t.priority, t.ready_at IS NOT NULL AS ready, t.started_at,
          t.attempt + CASE WHEN u.counted THEN 0 ELSE 1 END AS ended, u.o, u.e
      ), earlier AS (
        DELETE FROM ${attempt} a USING d WHERE d.o = 'unknown' AND a.task_id = ANY(ARRAY[d.id]) AND a.outcome = 'unknown'
      ), noted AS (
        INSERT INTO ${attempt} (task_id, dispatch, attempt, worker_id, started_at, outcome, error)
        SELECT id, dispatch - 1, ended, $1, started_at, o, e::jsonb FROM d
      )${noted.cte}
      SELECT id, dispatch, name, queue, priority, ready${noted.column} FROM d`,
  };
}

/** Which of these executions of the worker $1 were deferred: the answer to a defer whose own answer was lost. */
export function deferredUnder({ task, attempt, schema }: Tables): Statement {
  return {
    name: `${schema}.deferred-under`,
    text: `
      SELECT t.id, t.dispatch, t.name, t.queue, t.priority, t.ready_at IS NOT NULL AS ready
      FROM unnest($2::uuid[], $3::int[]) u(i, d)
      JOIN ${attempt} a ON a.task_id = u.i AND a.dispatch = u.d AND a.worker_id = $1 AND a.outcome NOT IN ('lost', 'fenced')
      JOIN ${task} t ON t.id = u.i AND t.dispatch = u.d + 1`,
  };
}

/** @param deferrals sorted by id, each id once */
export function deferValues(workerId: string, deferrals: readonly Deferral[]): unknown[] {
  return [
    workerId,
    deferrals.map((deferral) => deferral.id),
    deferrals.map((deferral) => deferral.fence),
    deferrals.map((deferral) => deferral.state),
    deferrals.map((deferral) => deferral.delayMs),
    deferrals.map((deferral) => deferral.counted),
    deferrals.map((deferral) => deferral.charged),
    deferrals.map((deferral) => deferral.outcome),
    deferrals.map((deferral) => deferral.error),
    deferrals.map((deferral) => deferral.progress),
  ];
}
