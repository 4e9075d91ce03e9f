import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';

/**
 * Notes rows for the relay in the very statement that makes them ready, so that a crash before they are published
 * loses nothing: one outbox row for all of them. Empty where no broker needs it.
 * @param rows a CTE with `id` and `ready`
 */
export function noteForRelay({ outbox, relayed }: Tables, rows: string): { cte: string; column: string } {
  if (!relayed) return { cte: '', column: '' };
  return {
    cte: `, noted_for_relay AS (
        INSERT INTO ${outbox} (ids) SELECT array_agg(id) FROM ${rows} WHERE ready HAVING count(*) > 0 RETURNING id)`,
    column: ', (SELECT id FROM noted_for_relay) AS outbox',
  };
}

/**
 * Takes up to $1 outbox rows that are older than $2 ms, for $3 ms: who noted them has crashed, or could not reach the
 * broker. Returns what of them still waits for a worker; a row without `id` where nothing does.
 */
export function takeOutbox({ outbox, task, schema }: Tables): Statement {
  return {
    name: `${schema}.take-outbox`,
    text: `
      WITH o AS (
        UPDATE ${outbox} SET taken_until = now() + $3 * interval '1 ms' WHERE id = ANY(ARRAY(
          SELECT id FROM ${outbox} WHERE created_at < now() - $2 * interval '1 ms' AND (taken_until IS NULL OR taken_until < now())
          ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED))
        RETURNING id, ids
      )
      SELECT o.id AS outbox, t.id, t.dispatch, t.name, t.queue, t.priority
      FROM o CROSS JOIN LATERAL unnest(o.ids) WITH ORDINALITY u(i, position)
      LEFT JOIN ${task} t ON t.id = u.i AND t.ready_at IS NOT NULL AND t.worker_id IS NULL
      ORDER BY o.id, u.position`,
  };
}

/** Removes the outbox rows $1: the broker has what they named. */
export function dropOutbox({ outbox, schema }: Tables): Statement {
  return { name: `${schema}.drop-outbox`, text: `DELETE FROM ${outbox} WHERE id = ANY($1::bigint[])` };
}

/** How many batches wait to be published, and for how long the oldest has, in ms. */
export function outboxLag({ outbox, schema }: Tables): Statement {
  return {
    name: `${schema}.outbox-lag`,
    text: `SELECT count(*)::int AS batches, extract(epoch FROM now() - min(created_at))::float8 * 1000 AS ms FROM (
      SELECT created_at FROM ${outbox} ORDER BY id LIMIT 10000) x`,
  };
}
