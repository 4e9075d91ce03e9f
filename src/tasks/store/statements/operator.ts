import { AUDITED, PAYLOAD_RESULT, RESULT_IN_PAYLOAD, KEPT_BY_RETRY, kept } from '../columns.js';
import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';
import { noteExpiry } from './result-expiry.js';
import { isGated } from './gates.js';
import { noteForRelay } from './outbox.js';

/**
 * Revokes $1 ids: ends those that nobody holds, asks the holders of the others, and with $2 ends these too (what
 * their worker settles later is refused). $3 ms is how long a holder may take; $4 who asked.
 */
export function revoke(tables: Tables): Statement {
  const { task, done, attempt, audit, schema } = tables;
  return {
    name: `${schema}.revoke`,
    text: `
      WITH x AS (
        SELECT id, worker_id, worker_id IS NULL OR $2::bool AS over FROM ${task}
        WHERE id = ANY($1::uuid[]) AND flags & ${AUDITED} = 0 ORDER BY id FOR UPDATE
      ), gone AS (
        DELETE FROM ${task} t USING x WHERE t.id = ANY(ARRAY[x.id]) AND x.over RETURNING t.*
      ), noted AS (
        INSERT INTO ${attempt} (task_id, dispatch, attempt, worker_id, started_at, outcome)
        SELECT id, dispatch, attempt, worker_id, started_at, 'revoked' FROM gone WHERE worker_id IS NOT NULL
      ), asked AS (
        UPDATE ${task} t SET revoke_at = coalesce(t.revoke_at, now()), revoke_deadline = coalesce(t.revoke_deadline, now() + $3 * interval '1 ms')
        FROM x WHERE t.id = ANY(ARRAY[x.id]) AND NOT x.over RETURNING t.id
      ), ended AS (
        INSERT INTO ${done} (${kept('', 'state', 'revoke_at')}, state, revoke_at, finished_at, error)
        SELECT ${kept('', 'state', 'revoke_at')}, 'REVOKED', coalesce(revoke_at, now()), now(), '{"name":"TaskRevokedError","message":"revoked"}' FROM gone
        RETURNING id, flags
      ), expiring AS (
        ${noteExpiry(tables, 'gone')}
      ), audited AS (
        INSERT INTO ${audit} (by, action, task_id, detail)
        SELECT $4, 'revoke', id, jsonb_build_object('terminate', $2::bool) FROM x
      )
      SELECT id, true AS ended, flags FROM ended UNION ALL SELECT id, false, 0::int2 FROM asked`,
  };
}

/** Makes the failed or revoked task $1, unless it is part of a workflow, live again, under its id with a new dispatch and fresh budgets. $2: who asked. */
export function retryFinished(tables: Tables): Statement {
  const { task, taskGate, done, payload, audit, schema } = tables;
  const noted = noteForRelay(tables, 'live');
  return {
    name: `${schema}.retry-finished`,
    text: `
      WITH d AS (
        DELETE FROM ${done} WHERE id = $1 AND state IN ('FAILURE', 'REVOKED') AND workflow_id IS NULL AND flags & ${AUDITED} = 0 RETURNING *
      ), old AS (
        DELETE FROM ${payload} p USING d WHERE p.task_id = d.id AND p.kind = ${PAYLOAD_RESULT}
      ), audited AS (
        INSERT INTO ${audit} (by, action, task_id, detail) SELECT $2, 'retry', id, jsonb_build_object('was', state, 'error', error) FROM d
      ), gates AS (
        INSERT INTO ${taskGate} (gate, task_id, line, priority)
        SELECT g.key, d.id, g.n = 1, d.priority FROM d CROSS JOIN jsonb_array_elements_text(d.options->'gates') WITH ORDINALITY g(key, n)
        ON CONFLICT (gate, task_id) DO UPDATE SET since = NULL, admitted_at = NULL
      ), live AS (
        INSERT INTO ${task} (${KEPT_BY_RETRY}, options, state, codec, ready_at, due_at, dispatch)
        SELECT ${KEPT_BY_RETRY}, options - 'waits', 'PENDING', codec & ~${RESULT_IN_PAYLOAD}, CASE WHEN NOT ${isGated('')} THEN now() END,
          CASE WHEN ${isGated('')} THEN now() END, dispatch + 1 FROM d
        RETURNING id, dispatch, name, queue, priority, ready_at IS NOT NULL AS ready
      )${noted.cte}
      SELECT id, dispatch, name, queue, priority, ready${noted.column} FROM live`,
  };
}

/** Removes the finished task $1 and all that belongs to it, unless its workflow goes on or what is made of its result does. $2: who asked. */
export function forget({
  task,
  done,
  payload,
  attempt,
  edge,
  log,
  errorTask,
  audit,
  schema,
}: Tables): Statement {
  return {
    name: `${schema}.forget`,
    text: `
      WITH d AS (DELETE FROM ${done} d WHERE id = $1 AND NOT EXISTS (SELECT FROM ${task} t WHERE t.id = d.workflow_id)
          AND NOT EXISTS (SELECT FROM ${edge} x WHERE x.parent_id = d.id AND EXISTS (SELECT FROM ${task} t WHERE t.id = ANY(ARRAY[x.child_id])))
          RETURNING id, name, state),
        e AS (DELETE FROM ${edge} e USING d WHERE e.parent_id = d.id OR e.child_id = d.id),
        p AS (DELETE FROM ${payload} p USING d WHERE p.task_id = d.id),
        a AS (DELETE FROM ${attempt} a USING d WHERE a.task_id = d.id),
        l AS (DELETE FROM ${log} l USING d WHERE l.task_id = d.id),
        f AS (DELETE FROM ${errorTask} f USING d WHERE f.task_id = d.id),
        w AS (INSERT INTO ${audit} (by, action, task_id, detail)
          SELECT $2, 'forget', id, jsonb_build_object('name', name, 'state', state) FROM d)
      SELECT id FROM d`,
  };
}

/**
 * Up to $7 live tasks after the id $1 that fit: $2 a name as LIKE has it, $3 queue, $4 tags, $5 owner, $6 ids; null: any.
 */
export function liveTasks({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.live-tasks`,
    text: `
      SELECT id, name, queue FROM ${task}
      WHERE id > $1 AND flags & ${AUDITED} = 0 AND ($2::text IS NULL OR name LIKE $2) AND ($3::text IS NULL OR queue = $3)
        AND ($4::jsonb IS NULL OR tags @> $4) AND ($5::text IS NULL OR owner = $5) AND ($6::uuid[] IS NULL OR id = ANY($6))
      ORDER BY id LIMIT $7`,
  };
}
