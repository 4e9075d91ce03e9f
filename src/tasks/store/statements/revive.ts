import { GATED, PAYLOAD_RESULT, RESULT_IN_PAYLOAD, KEPT_BY_RETRY } from '../columns.js';
import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';
import { SPENT, isMet, type CascadeRow } from './cascade.js';
import { isGated } from './gates.js';
import { noteForRelay } from './outbox.js';

/** A task of a workflow that did not end well. */
export interface Fallen {
  readonly id: string;
  /** Whether it ended only because another one did. */
  readonly dragged: boolean;
}

/** What became of a task that was brought back. */
export interface RevivedRow extends CascadeRow {
  /** Whether it has limits. */
  readonly gated: boolean;
}

/** The tasks of the workflow $1 that did not end well, locked. */
export function fallen({ done, schema }: Tables): Statement {
  return {
    name: `${schema}.fallen`,
    text: `SELECT id, coalesce(error->>'name' = 'UpstreamFailedError'
        OR state = 'REVOKED' AND error->>'message' IN ('not needed', 'a task before it was revoked'), false) AS dragged
      FROM ${done} WHERE workflow_id = $1 AND state IN ('FAILURE', 'REVOKED') ORDER BY id FOR UPDATE`,
  };
}

/** Nothing more of what waits for the tasks $1 is released in steps until this transaction ends. */
export function lockReleases({ release, schema }: Tables): Statement {
  return {
    name: `${schema}.lock-releases`,
    text: `SELECT FROM ${release} WHERE task_id = ANY($1::uuid[]) ORDER BY task_id FOR UPDATE`,
  };
}

/** Whom the tasks $1 wait for. */
export function parentsOf({ edge, schema }: Tables): Statement {
  return {
    name: `${schema}.parents-of`,
    text: `SELECT parent_id AS parent, child_id AS child, policy FROM ${edge} WHERE child_id = ANY($1::uuid[]) AND policy < ${SPENT}`,
  };
}

/** Those of the tasks $1 that are live, locked: none of them ends before this transaction does. */
export function lockLive({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.lock-live`,
    text: `SELECT id FROM ${task} WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE`,
  };
}

/**
 * Makes the finished tasks $1 live again, each to wait for the ends of $2 others. $3: who asked. Their ends are taken back
 * from those for which they counted and that still wait: a join that allows failures waits for them once more.
 */
export function revive(tables: Tables): Statement {
  const { task, taskGate, done, payload, audit, edge, release, state, schema } = tables;
  const noted = noteForRelay(tables, 'live');
  return {
    name: `${schema}.revive`,
    text: `
      WITH d AS (
        DELETE FROM ${done} x USING unnest($1::uuid[], $2::int[]) u(i, n) WHERE x.id = ANY(ARRAY[u.i])
        RETURNING x.*, u.n
      ), old AS (
        DELETE FROM ${payload} p USING d WHERE p.task_id = ANY(ARRAY[d.id]) AND p.kind = ${PAYLOAD_RESULT}
      ), taken_back AS (
        SELECT e.child_id AS id, count(*)::int AS n FROM d
        CROSS JOIN LATERAL (SELECT child_id, policy FROM ${edge} WHERE parent_id = d.id AND policy < ${SPENT} OFFSET 0) e
        WHERE ${isMet('e.policy', 'd.state')} AND NOT EXISTS (SELECT FROM ${release} r
          WHERE r.task_id = d.id AND e.child_id > coalesce(r.after, '00000000-0000-0000-0000-000000000000'))
        GROUP BY 1
      ), waiting AS MATERIALIZED (
        SELECT id FROM ${task} WHERE id = ANY(ARRAY(SELECT id FROM taken_back)) ORDER BY id FOR UPDATE
      ), again AS (
        UPDATE ${task} t SET waiting_on = t.waiting_on + b.n FROM taken_back b JOIN waiting w ON w.id = b.id
        WHERE t.id = ANY(ARRAY[b.id]) AND t.state = 'WAITING' AND t.waiting_on > 0
      ), stopped AS (
        DELETE FROM ${release} r USING d WHERE r.task_id = ANY(ARRAY[d.id])
      ), audited AS (
        INSERT INTO ${audit} (by, action, task_id, detail) SELECT $3, 'retry', id, jsonb_build_object('was', state, 'error', error) FROM d WHERE n = 0
      ), gates AS (
        INSERT INTO ${taskGate} (gate, task_id, line, priority)
        SELECT g.key, d.id, g.nr = 1, d.priority FROM d CROSS JOIN jsonb_array_elements_text(d.options->'gates') WITH ORDINALITY g(key, nr)
        ON CONFLICT (gate, task_id) DO UPDATE SET since = NULL, admitted_at = NULL
      ), live AS (
        INSERT INTO ${task} (${KEPT_BY_RETRY}, options, state, codec, waiting_on, ready_at, due_at, dispatch)
        SELECT ${KEPT_BY_RETRY}, options - 'waits', CASE WHEN n > 0 THEN 'WAITING' ELSE 'PENDING' END::${state}, codec & ~${RESULT_IN_PAYLOAD}, nullif(n, 0),
          CASE WHEN n = 0 AND NOT ${isGated('')} THEN clock_timestamp() END, CASE WHEN n = 0 AND ${isGated('')} THEN now() WHEN n > 0 AND NOT coalesce(options ? 'waits', false) THEN due_at END, dispatch + 1 FROM d
        RETURNING id, dispatch, name, queue, priority, ready_at IS NOT NULL AS ready, state::text AS state, flags & ${GATED} <> 0 AS gated
      )${noted.cte}
      SELECT id, dispatch, name, queue, priority, ready, state, false AS wide, gated${noted.column} FROM live`,
  };
}
