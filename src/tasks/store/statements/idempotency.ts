import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';

/** Takes the key $1 for the task $2 with the body's hash $3, for $4 ms. No row: another task has it. */
export function takeKey({ key, schema }: Tables): Statement {
  return {
    name: `${schema}.take-key`,
    text: `INSERT INTO ${key} AS k (key, task_id, body_hash, until) VALUES ($1, $2, $3, now() + $4 * interval '1 ms')
      ON CONFLICT (key) DO UPDATE SET task_id = excluded.task_id, body_hash = excluded.body_hash, until = excluded.until
        WHERE k.until < now()
      RETURNING task_id`,
  };
}

/** Who has the key $1. A second statement, so that it sees what the first one waited for. */
export function keyHolder({ key, schema }: Tables): Statement {
  return { name: `${schema}.key-holder`, text: `SELECT task_id, body_hash FROM ${key} WHERE key = $1` };
}

/** Removes up to $1 keys that have run out. */
export function dropOldKeys({ key, schema }: Tables): Statement {
  return {
    name: `${schema}.drop-keys`,
    text: `WITH gone AS (DELETE FROM ${key} WHERE key = ANY(ARRAY(
      SELECT key FROM ${key} WHERE until < now() AND until IS NOT NULL LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING 1)
      SELECT count(*)::int AS n FROM gone`,
  };
}
