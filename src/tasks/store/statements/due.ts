import { kept } from '../columns.js';
import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';
import { noteExpiry } from './result-expiry.js';
import { isGated } from './gates.js';
import { noteForRelay } from './outbox.js';

/** What waits for others is not due before they have ended; what waits for a signal is, when it has waited too long. */
const mayBeDue = `(state <> 'WAITING' OR waiting_on = 0)`;

/** Makes up to $1 due tasks ready, or those with gates wait there. It does not give them out anew: the dispatch stays. */
export function promoteDue(tables: Tables): Statement {
  const { task, taskGate, schema } = tables;
  const noted = noteForRelay(tables, 'p');
  return {
    name: `${schema}.promote`,
    text: `
      WITH p AS (
        UPDATE ${task} t SET state = CASE WHEN t.state = 'WAITING' THEN 'PENDING' ELSE t.state END,
          ready_at = CASE WHEN ${isGated('t.')} THEN NULL ELSE now() END,
          due_at = CASE WHEN ${isGated('t.')} THEN NULL ELSE t.due_at END
        WHERE t.id = ANY(ARRAY(
          SELECT id FROM ${task}
          WHERE due_at <= now() AND due_at IS NOT NULL AND ready_at IS NULL AND worker_id IS NULL AND ${mayBeDue}
          ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED))
        RETURNING t.id, t.dispatch, t.name, t.queue, t.priority, t.ready_at IS NOT NULL AS ready
      ), line AS (
        UPDATE ${taskGate} g SET since = clock_timestamp(), admitted_at = NULL FROM p WHERE NOT p.ready AND g.task_id = ANY(ARRAY[p.id])
      )${noted.cte}
      SELECT id, dispatch, name, queue, priority, ready${noted.column} FROM p`,
  };
}

/** Milliseconds until the next task is due, by the database's clock; null when none is. */
export function nextDue({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.next-due`,
    text: `SELECT extract(epoch FROM due_at - clock_timestamp())::float8 * 1000 AS ms FROM ${task}
      WHERE due_at IS NOT NULL AND ready_at IS NULL AND worker_id IS NULL AND ${mayBeDue} ORDER BY due_at LIMIT 1`,
  };
}

/** Revokes up to $1 tasks that were not started in time. */
export function expire(tables: Tables): Statement {
  const { task, done, schema } = tables;
  return {
    name: `${schema}.expire`,
    text: `
      WITH x AS (
        SELECT id FROM ${task} WHERE expires_at <= now() AND expires_at IS NOT NULL AND worker_id IS NULL
        ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
      ), d AS (DELETE FROM ${task} t USING x WHERE t.id = x.id RETURNING t.*),
      expiring AS (${noteExpiry(tables, 'd')})
      INSERT INTO ${done} (${kept('', 'state')}, state, finished_at, error)
      SELECT ${kept('', 'state')}, 'REVOKED', now(), '{"name":"TaskRevokedError","message":"expired"}' FROM d
      RETURNING id, name, queue, flags`,
  };
}

/** Milliseconds until the next task expires, by the database's clock; null when none does. */
export function nextExpiry({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.next-expiry`,
    text: `SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 * 1000 AS ms FROM ${task}
      WHERE expires_at IS NOT NULL AND worker_id IS NULL ORDER BY expires_at LIMIT 1`,
  };
}
