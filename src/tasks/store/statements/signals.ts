import { FED } from '../columns.js';
import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';
import { SPENT } from './cascade.js';
import { isGated } from './gates.js';
import { noteForRelay } from './outbox.js';

/** Where the signals for the task $1 lie: its workflow, or itself. No row: it is not known. */
export function signalScope({ task, done, schema }: Tables): Statement {
  return {
    name: `${schema}.signal-scope`,
    text: `SELECT coalesce(workflow_id, id) AS scope, true AS live FROM ${task} WHERE id = $1
      UNION ALL SELECT coalesce(workflow_id, id), EXISTS (SELECT FROM ${task} t WHERE t.id = coalesce(d.workflow_id, d.id)) FROM ${done} d WHERE id = $1`,
  };
}

/** One at a time for each scope $1: who waits and who signals must see each other. */
export function lockSignals({ schema }: Tables): Statement {
  return {
    name: `${schema}.lock-signals`,
    text: `SELECT pg_advisory_xact_lock(hashtextextended('${schema}.signal.' || $1::text, 0))`,
  };
}

/** Keeps the signal $2 with the payload $3 in the scope $1. No row: it was given before. */
export function keepSignal({ signal, schema }: Tables): Statement {
  return {
    name: `${schema}.keep-signal`,
    text: `INSERT INTO ${signal} (scope, name, payload) VALUES ($1, $2, $3) ON CONFLICT (scope, name) DO NOTHING RETURNING name`,
  };
}

/** The signal $2 of the scope $1, and whether the time $3 (null: never) is over. */
export function readSignal({ signal, schema }: Tables): Statement {
  return {
    name: `${schema}.read-signal`,
    text: `SELECT s.name IS NOT NULL AS given, s.payload::text AS payload, coalesce($3::timestamptz <= clock_timestamp(), false) AS late
      FROM (VALUES (1)) one LEFT JOIN ${signal} s ON s.scope = $1 AND s.name = $2`,
  };
}

/** Wakes what waits in the scope $1 for the signal $2; one with limits goes by way of what is due. */
export function wakeWaiting(tables: Tables): Statement {
  const { task, schema } = tables;
  const noted = noteForRelay(tables, 'w');
  return {
    name: `${schema}.wake-waiting`,
    text: `
      WITH w AS (
        UPDATE ${task} t SET state = 'PENDING', due_at = CASE WHEN ${isGated('t.')} THEN now() END,
          ready_at = CASE WHEN NOT ${isGated('t.')} THEN clock_timestamp() END
        WHERE t.id = ANY(ARRAY(SELECT $1::uuid UNION SELECT id FROM ${task} WHERE workflow_id = $1))
          AND t.state = 'WAITING' AND t.waiting_on = 0 AND t.options->'waits' ? $2
        RETURNING t.id, t.dispatch, t.name, t.queue, t.priority, t.ready_at IS NOT NULL AS ready
      )${noted.cte}
      SELECT id, dispatch, name, queue, priority, ready${noted.column} FROM w`,
  };
}

/**
 * The execution $1 with the fence $2 waits for the signal $3, at most $4 ms (null: for ever), or for what is left of an
 * earlier wait. Uncounted: the start does not count. $5: its worker.
 */
export function waitForSignal({ task, attempt, schema }: Tables): Statement {
  return {
    name: `${schema}.wait-for-signal`,
    text: `
      WITH d AS (
        UPDATE ${task} t SET state = 'WAITING', waiting_on = 0, ready_at = NULL, expires_at = NULL, worker_id = NULL, fence = NULL,
          dispatch = t.dispatch + 1, attempt = t.attempt - 1,
          due_at = coalesce((t.options->'waits'->>$3)::timestamptz, now() + $4::float8 * interval '1 ms'),
          options = coalesce(t.options, '{}') || jsonb_build_object('waits', coalesce(t.options->'waits', '{}') ||
            jsonb_build_object($3::text, coalesce((t.options->'waits'->>$3)::timestamptz, now() + $4::float8 * interval '1 ms')))
        WHERE t.id = $1 AND t.fence = $2 AND t.revoke_at IS NULL
        RETURNING t.id, t.dispatch, t.attempt, t.started_at
      ), noted AS (
        INSERT INTO ${attempt} (task_id, dispatch, attempt, worker_id, started_at, outcome)
        SELECT id, dispatch - 1, attempt + 1, $5, started_at, 'waiting' FROM d
      )
      SELECT id FROM d`,
  };
}

/**
 * The execution $1 with the fence $2 waits for the task $3, whose result will be its own, and no more for what it waited
 * for before it began. $4: its worker.
 */
export function giveWay({ task, attempt, edge, schema }: Tables): Statement {
  return {
    name: `${schema}.give-way`,
    text: `
      WITH place AS (
        SELECT coalesce(max(position) + 1, 0) AS position FROM ${edge} WHERE child_id = $1
      ), d AS (
        UPDATE ${task} t SET state = 'WAITING', waiting_on = 1, ready_at = NULL, due_at = NULL, expires_at = NULL, worker_id = NULL, fence = NULL,
          dispatch = t.dispatch + 1, workflow_id = coalesce(t.workflow_id, t.id), flags = t.flags | ${FED},
          options = coalesce(t.options, '{}') - 'lifetimeMs' - 'delayMs' || jsonb_build_object('replaced', true, 'feed', place.position)
        FROM place WHERE t.id = $1 AND t.fence = $2 AND t.revoke_at IS NULL
        RETURNING t.id, t.dispatch, t.attempt, t.started_at, place.position
      ), noted AS (
        INSERT INTO ${attempt} (task_id, dispatch, attempt, worker_id, started_at, outcome)
        SELECT id, dispatch - 1, attempt, $4, started_at, 'replaced' FROM d
      ), spent AS (
        UPDATE ${edge} e SET policy = e.policy | ${SPENT} FROM d WHERE e.child_id = d.id
      ), joined AS (
        INSERT INTO ${edge} (parent_id, child_id, position, policy) SELECT $3, id, position, 0 FROM d
      )
      SELECT id FROM d`,
  };
}

/** Forgets up to $1 signals of what has ended long ago. */
export function dropSignals({ signal, task, schema }: Tables): Statement {
  return {
    name: `${schema}.drop-signals`,
    text: `WITH gone AS (DELETE FROM ${signal} s WHERE (s.scope, s.name) IN (
      SELECT x.scope, x.name FROM ${signal} x WHERE x.at < now() - interval '1 day'
        AND NOT EXISTS (SELECT FROM ${task} t WHERE t.id = x.scope) LIMIT $1) RETURNING 1)
      SELECT count(*)::int AS n FROM gone`,
  };
}
