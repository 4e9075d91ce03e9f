import { ACKNOWLEDGED_EARLY, kept } from '../columns.js';
import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';
import { noteExpiry } from './result-expiry.js';
import { isGated } from './gates.js';
import { noteForRelay } from './outbox.js';
import type { Execution } from './claim.js';

/** A row that a worker holds. */
export interface HeldTask extends Execution {
  readonly flags: number;
  readonly queue: string;
  readonly attempt: number;
  /** As Postgres prints it, in UTC. */
  readonly started_at: string;
  readonly revoked: boolean;
  readonly overdue: boolean;
}

/** $1 id, $2 name, $3 lease in ms, $4 info, $5 status. May be run again, when its answer was lost. */
export function registerWorker({ worker, schema }: Tables): Statement {
  return {
    name: `${schema}.register`,
    text: `INSERT INTO ${worker} (id, name, alive_since, lease_until, info, status, status_at)
      VALUES ($1, $2, clock_timestamp(), clock_timestamp() + $3 * interval '1 ms', $4, $5, clock_timestamp())
      ON CONFLICT (id) DO NOTHING`,
  };
}

/**
 * Extends the lease of $1 by $2 ms, by the database's clock, as one compare-and-set. No row: it was buried. A gap of
 * half a lease counts as an interruption of its life: see {@link bury}. What the worker says of itself goes along: $3,
 * or null when it has said nothing since.
 */
export function beat({ worker, schema }: Tables): Statement {
  return {
    name: `${schema}.beat`,
    text: `UPDATE ${worker} SET
        alive_since = CASE WHEN lease_until < clock_timestamp() + $2 * interval '0.5 ms' THEN clock_timestamp() ELSE alive_since END,
        lease_until = clock_timestamp() + $2 * interval '1 ms',
        status = coalesce($3::jsonb, status), status_at = CASE WHEN $3::jsonb IS NULL THEN status_at ELSE clock_timestamp() END
      WHERE id = $1 AND dead_at IS NULL RETURNING id`,
  };
}

/** Whether the worker $1 was not buried. */
export function isAlive({ worker, schema }: Tables): Statement {
  return {
    name: `${schema}.is-alive`,
    text: `SELECT id FROM ${worker} WHERE id = $1 AND dead_at IS NULL`,
  };
}

export function leave({ worker, schema }: Tables): Statement {
  return {
    name: `${schema}.leave`,
    text: `UPDATE ${worker} SET dead_at = now() WHERE id = $1 AND dead_at IS NULL`,
  };
}

/** Buries the worker $1, whose process was seen to end; $2 says how, for people. */
export function died({ worker, schema }: Tables): Statement {
  return {
    name: `${schema}.died`,
    text: `UPDATE ${worker} SET dead_at = now(), info = info || jsonb_build_object('death', $2::text)
      WHERE id = $1 AND dead_at IS NULL`,
  };
}

/**
 * Buries workers past their lease. The one who buries ($1) must itself have lived for a whole lease ($2 ms) without a
 * gap, and have been heard of within the last half: after an outage of the database everyone looks dead, and who comes
 * back first, its own lease not quite over, must not take the others for dead.
 */
export function bury({ worker, schema }: Tables): Statement {
  return {
    name: `${schema}.bury`,
    text: `
      UPDATE ${worker} SET dead_at = now() WHERE id = ANY(ARRAY(
        SELECT id FROM ${worker} WHERE dead_at IS NULL AND lease_until < clock_timestamp() FOR UPDATE SKIP LOCKED))
      AND EXISTS (SELECT FROM ${worker} me WHERE me.id = $1 AND me.dead_at IS NULL AND me.lease_until > clock_timestamp() + $2 * interval '0.5 ms'
        AND me.alive_since < clock_timestamp() - $2 * interval '1 ms')
      RETURNING id, name`,
  };
}

/** A row of a worker that was buried in the last $1 ms, if there is one. */
export function lost({ task, worker, schema }: Tables): Statement {
  return {
    name: `${schema}.lost`,
    text: `SELECT FROM ${task} WHERE worker_id = ANY(ARRAY(
      SELECT id FROM ${worker} WHERE dead_at > now() - $1::float8 * interval '1 ms')) LIMIT 1`,
  };
}

/**
 * Takes up to $1 rows from workers that were buried in the last $3 ms: given out anew (outcome `lost`), or ended when revoked, lost more often
 * than $2 allows, or acknowledged early (at most once by choice). They had begun in time, so they expire no more. A claim may commit after the burial, so the buried are looked at again and again.
 * What is lost a second time is spread out: given out together again, the one that kills its worker would take along
 * the same neighbours until all of them have failed.
 */
export function rescue(tables: Tables): Statement {
  const { task, done, attempt, worker, state, schema } = tables;
  const noted = noteForRelay(tables, 'back');
  return {
    name: `${schema}.rescue`,
    text: `
      WITH x AS (
        SELECT id, worker_id, started_at, dispatch, attempt, revoke_at,
          crashes >= $2 OR revoke_at IS NOT NULL OR flags & ${ACKNOWLEDGED_EARLY} <> 0 AS over,
          (SELECT w.info->>'death' FROM ${worker} w WHERE w.id = worker_id) AS death
        FROM ${task} WHERE worker_id = ANY(ARRAY(
          SELECT id FROM ${worker} WHERE dead_at > now() - $3::float8 * interval '1 ms'))
        ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
      ), noted AS (
        INSERT INTO ${attempt} (task_id, dispatch, attempt, worker_id, started_at, outcome, error)
        SELECT id, dispatch, attempt, worker_id, started_at, CASE WHEN revoke_at IS NULL THEN 'lost' ELSE 'revoked' END,
          jsonb_build_object('name', 'WorkerLostError', 'message', coalesce(death, 'its worker died or lost its lease')) FROM x
      ), back AS (
        UPDATE ${task} t SET state = 'PENDING', worker_id = NULL, fence = NULL, expires_at = NULL,
          ready_at = CASE WHEN t.crashes = 0 AND NOT ${isGated('t.')} THEN now() END,
          due_at = CASE WHEN t.crashes > 0 OR ${isGated('t.')} THEN now() + random() * t.crashes * interval '3 s' END,
          dispatch = t.dispatch + 1, crashes = t.crashes + 1
        FROM x WHERE t.id = ANY(ARRAY[x.id]) AND NOT x.over
        RETURNING t.id, t.dispatch, t.name, t.queue, t.priority, t.ready_at IS NOT NULL AS ready
      ), gone AS (
        DELETE FROM ${task} t USING x WHERE t.id = ANY(ARRAY[x.id]) AND x.over RETURNING t.*, x.death
      ), expiring AS (
        ${noteExpiry(tables, 'gone')}
      ), ended AS (
        INSERT INTO ${done} (${kept('', 'state', 'crashes')}, crashes, state, finished_at, error)
        SELECT ${kept('', 'state', 'crashes')}, crashes + 1,
          CASE WHEN revoke_at IS NULL THEN 'FAILURE' ELSE 'REVOKED' END::${state}, now(),
          CASE WHEN revoke_at IS NULL
            THEN jsonb_build_object('name', 'WorkerLostError', 'message', CASE WHEN flags & ${ACKNOWLEDGED_EARLY} <> 0
              THEN 'its worker died while it ran, and with acksLate: false it runs at most once'
              ELSE 'its worker died ' || crashes + 1 || ' times while it ran' || coalesce('; the last time ' || death, '') END)
            ELSE '{"name":"TaskRevokedError","message":"revoked"}' END
        FROM gone RETURNING id, name, queue, priority, flags
      )${noted.cte}
      SELECT id, dispatch, name, queue, priority, ready, 0::int2 AS flags${noted.column} FROM back
      UNION ALL SELECT id, 0, name, queue, priority, false, flags${noted.column && ', NULL'} FROM ended`,
  };
}

/** Everything that $1 holds by the database's word, with what was asked of it. */
export function heldBy({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.held-by`,
    text: `SELECT id, fence, dispatch, name, options, flags, queue, attempt, started_at, revoke_at IS NOT NULL AS revoked, coalesce(revoke_deadline < now(), false) AS overdue
      FROM ${task} WHERE worker_id = $1`,
  };
}
