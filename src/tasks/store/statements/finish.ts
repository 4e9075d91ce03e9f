import { PAYLOAD_RESULT, RESULT_IN_PAYLOAD, kept } from '../columns.js';
import type { Statement } from '../database.js';
import type { FinalState } from '../states.js';
import type { Tables } from '../tables.js';
import { noteExpiry } from './result-expiry.js';

/** How a task ends, by the worker that holds it. */
export interface Ending {
  readonly id: string;
  readonly fence: string;
  readonly state: FinalState;
  /** JSON, or null. */
  readonly result: string | null;
  readonly largeResult: boolean;
  /** JSON of RecordedError, or null. */
  readonly error: string | null;
  /** The last progress not yet written, JSON, or null. */
  readonly progress: string | null;
  /** Whether its options say when the record is to be removed. */
  readonly expires: boolean;
  /** Whether others wait for its end. */
  readonly awaited: boolean;
}

/**
 * Moves rows from `task` to `task_done`, if the fence is still theirs. A failure of a task whose revocation was asked
 * for is a revocation. Endings other than SUCCESS leave an attempt row.
 * @param expiring the form for batches in which a task has `resultExpires`
 */
export function finish(tables: Tables, expiring = false): Statement {
  const { task, done, payload, attempt, state, schema } = tables;
  return {
    name: `${schema}.finish${expiring ? '.expiring' : ''}`,
    text: `
      WITH d AS (
        DELETE FROM ${task} t
        USING unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[]) u(i, f, s, r, e, p)
        WHERE t.id = ANY(ARRAY[u.i]) AND t.fence = u.f
        RETURNING t.*, u.r, u.e, u.p, CASE WHEN u.s = 'FAILURE' AND t.revoke_at IS NOT NULL THEN 'REVOKED' ELSE u.s END AS final
      ), bad AS (
        INSERT INTO ${attempt} (task_id, dispatch, attempt, worker_id, started_at, outcome, error)
        SELECT id, dispatch, attempt, worker_id, started_at, CASE final WHEN 'REVOKED' THEN 'revoked' ELSE 'failed' END, e::jsonb
        FROM d WHERE final <> 'SUCCESS'
      ), large AS (
        INSERT INTO ${payload} (task_id, kind, data)
        SELECT l.i, ${PAYLOAD_RESULT}, convert_to(l.x, 'UTF8') FROM unnest($7::uuid[], $8::text[]) l(i, x) JOIN d ON d.id = l.i
        ON CONFLICT (task_id, kind) DO UPDATE SET data = excluded.data
      )${expiring ? `, expiring AS (${noteExpiry(tables, 'd')})` : ''}
      INSERT INTO ${done} (${kept('', 'state', 'codec', 'progress')}, state, codec, progress, finished_at, result, error)
      SELECT ${kept('', 'state', 'codec', 'progress')}, final::${state},
        CASE WHEN id = ANY($7::uuid[]) THEN codec | ${RESULT_IN_PAYLOAD} ELSE codec END,
        coalesce(p::jsonb, progress), now(), r::jsonb,
        CASE WHEN final = 'REVOKED' AND coalesce(e::jsonb->>'name', '') <> 'TaskRevokedError'
          THEN '{"name":"TaskRevokedError","message":"revoked"}'::jsonb ELSE e::jsonb END
      FROM d
      RETURNING id, state, name, queue, flags`,
  };
}

export interface FinishedRow {
  readonly id: string;
  readonly state: FinalState;
  readonly flags: number;
}

/** @param endings sorted by id, each id once */
export function finishValues(endings: readonly Ending[]): unknown[] {
  const large = endings.filter((ending) => ending.largeResult);
  return [
    endings.map((ending) => ending.id),
    endings.map((ending) => ending.fence),
    endings.map((ending) => ending.state),
    endings.map((ending) => (ending.largeResult ? null : ending.result)),
    endings.map((ending) => ending.error),
    endings.map((ending) => ending.progress),
    large.map((ending) => ending.id),
    large.map((ending) => ending.result),
  ];
}

/** Which of these executions ended under their own fence: the answer to a finish whose own answer was lost. */
export function finishedUnder({ done, schema }: Tables): Statement {
  return {
    name: `${schema}.finished-under`,
    text: `SELECT d.id, d.fence, d.state, d.flags FROM unnest($1::uuid[], $2::bigint[]) u(i, f) JOIN ${done} d ON d.id = u.i AND d.fence = u.f`,
  };
}

/** Notes that a worker that had been given up came back with an outcome, which was refused. */
export function markFenced({ attempt, schema }: Tables): Statement {
  return {
    name: `${schema}.mark-fenced`,
    text: `UPDATE ${attempt} SET outcome = 'fenced' WHERE task_id = $1 AND dispatch = $2 AND outcome = 'lost'`,
  };
}
