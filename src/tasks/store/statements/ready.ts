import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';

/** Up to $4 rows of the queue $1 and priority $2 that have been ready for $3 ms, to be published again. */
export function resendReady({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.resend`,
    text: `
      UPDATE ${task} t SET ready_at = now() WHERE t.id = ANY(ARRAY(
        SELECT id FROM ${task} WHERE queue = $1 AND priority = $2 AND ready_at <= now() - $3 * interval '1 ms' AND worker_id IS NULL
        ORDER BY ready_at LIMIT $4 FOR UPDATE SKIP LOCKED))
      RETURNING t.id, t.dispatch, t.name, t.queue, t.priority`,
  };
}

/** How many rows of the queue $1 are ready, counted up to $2. */
export function countReady({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.count-ready`,
    text: `SELECT count(*)::int AS n FROM (
      SELECT FROM ${task} WHERE queue = $1 AND ready_at IS NOT NULL AND worker_id IS NULL LIMIT $2) x`,
  };
}
