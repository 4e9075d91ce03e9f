import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';
import { noteForRelay } from './outbox.js';

/**
 * Up to $4 rows of the queue $1 and priority $2 that became ready $5 ms before the time $3 (null: now; never later, should the clock have been set back), to be published
 * again. Nothing while the relay itself is behind: what it has not published yet is not lost.
 */
export function resendReady(tables: Tables): Statement {
  const { task, outbox, relayed, schema } = tables;
  const noted = noteForRelay(tables, 'r');
  return {
    name: `${schema}.resend`,
    text: `
      WITH r AS (
        UPDATE ${task} t SET ready_at = clock_timestamp() WHERE t.id = ANY(ARRAY(
          SELECT id FROM ${task} WHERE queue = $1 AND priority = $2 AND worker_id IS NULL
            AND ready_at <= least(coalesce($3::timestamptz, now()), now()) - $5 * interval '1 ms'
            ${relayed ? `AND NOT EXISTS (SELECT FROM ${outbox} WHERE created_at < now() - interval '5 s')` : ''}
          ORDER BY ready_at LIMIT $4 FOR UPDATE SKIP LOCKED))
        RETURNING t.id, t.dispatch, t.name, t.queue, t.priority, true AS ready
      )${noted.cte}
      SELECT id, dispatch, name, queue, priority${noted.column} FROM r`,
  };
}

/** In which of the queues $1, and at which priorities, rows have been ready for more than $2 ms. */
export function overdue({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.overdue`,
    text: `SELECT q.queue, p.priority FROM unnest($1::text[]) q(queue) CROSS JOIN generate_series(9, 0, -1) p(priority)
      WHERE EXISTS (SELECT FROM ${task} t WHERE t.queue = q.queue AND t.priority = p.priority AND t.worker_id IS NULL
        AND t.ready_at <= now() - $2 * interval '1 ms')`,
  };
}

/** Sends all that is ready again, $2 rows at a time, with a cursor that survives whoever works on it. $1: the broker's row. */
export function resendNext(tables: Tables): Statement {
  const { task, broker, schema } = tables;
  const noted = noteForRelay(tables, 'r');
  return {
    name: `${schema}.resend-next`,
    text: `
      WITH b AS (
        SELECT resend_after FROM ${broker} WHERE name = $1 AND resend_after IS NOT NULL FOR UPDATE SKIP LOCKED
      ), x AS (
        SELECT id FROM ${task} WHERE id > (SELECT resend_after FROM b) AND ready_at IS NOT NULL AND worker_id IS NULL
        ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
      ), r AS (
        UPDATE ${task} t SET ready_at = clock_timestamp() FROM x WHERE t.id = ANY(ARRAY[x.id])
        RETURNING t.id, t.dispatch, t.name, t.queue, t.priority, true AS ready
      ), moved AS (
        UPDATE ${broker} k SET resend_after = (SELECT id FROM x ORDER BY id DESC LIMIT 1) FROM b WHERE k.name = $1
      )${noted.cte}
      SELECT id, dispatch, name, queue, priority${noted.column} FROM r`,
  };
}

/** The epoch that is known of the broker $1. */
export function knownEpoch({ broker, schema }: Tables): Statement {
  return { name: `${schema}.known-epoch`, text: `SELECT epoch FROM ${broker} WHERE name = $1` };
}

/** Notes the epoch $2 of the broker $1, and that all must be sent again, unless it is known already or another was faster ($3: what was known). */
export function newEpoch({ broker, schema }: Tables): Statement {
  const LOWEST = '00000000-0000-0000-0000-000000000000';
  return {
    name: `${schema}.new-epoch`,
    text: `
      INSERT INTO ${broker} AS k (name, epoch, resend_after) VALUES ($1, $2, '${LOWEST}')
      ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, resend_after = excluded.resend_after
        WHERE k.epoch IS NOT DISTINCT FROM $3::text AND k.epoch <> excluded.epoch
      RETURNING name`,
  };
}

/** The database's time, as it prints it. */
export function now({ schema }: Tables): Statement {
  return { name: `${schema}.now`, text: 'SELECT clock_timestamp() AS now' };
}

/** How many rows of the queue $1 are ready, counted up to $2. */
export function countReady({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.count-ready`,
    text: `SELECT count(*)::int AS n FROM (
      SELECT FROM ${task} WHERE queue = $1 AND ready_at IS NOT NULL AND worker_id IS NULL LIMIT $2) x`,
  };
}
