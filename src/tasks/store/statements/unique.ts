import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';

/** Takes the key $1 for the task $2, for $3 ms or until the task lets it go. No row: another task has it. */
export function takeUnique({ key, schema }: Tables): Statement {
  return {
    name: `${schema}.take-unique`,
    text: `INSERT INTO ${key} (key, task_id, until) VALUES ($1, $2, now() + $3::float8 * interval '1 ms')
      ON CONFLICT (key) DO NOTHING RETURNING task_id`,
  };
}

/** Who has the key $1, locked. */
export function lockUnique({ key, schema }: Tables): Statement {
  return {
    name: `${schema}.lock-unique`,
    text: `SELECT task_id AS id, until > clock_timestamp() AS reserved FROM ${key} WHERE key = $1 FOR UPDATE`,
  };
}

/** How far the task $1 is, if it is live. A statement of its own, so that it sees what the one before waited for. */
export function holderOf({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.unique-holder`,
    text: `SELECT id, name, queue, worker_id IS NOT NULL AS running, started_at IS NOT NULL AS started FROM ${task} WHERE id = $1`,
  };
}

/** Gives the locked key $1 to the task $2, for $3 ms or until it lets it go. */
export function passUnique({ key, schema }: Tables): Statement {
  return {
    name: `${schema}.pass-unique`,
    text: `UPDATE ${key} SET task_id = $2, until = now() + $3::float8 * interval '1 ms' WHERE key = $1`,
  };
}

/**
 * Removes up to $1 keys of tasks that have ended. Only those whose task is older than an hour: a key that is being
 * passed on meanwhile has a newer one, which this statement's snapshot may not see.
 */
export function dropUnique({ key, task, schema }: Tables): Statement {
  return {
    name: `${schema}.drop-unique`,
    text: `WITH gone AS (DELETE FROM ${key} WHERE key = ANY(ARRAY(
      SELECT k.key FROM ${key} k WHERE k.until IS NULL
        AND k.task_id < (lpad(to_hex((extract(epoch FROM now() - interval '1 hour') * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
        AND NOT EXISTS (SELECT FROM ${task} t WHERE t.id = k.task_id)
      LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING 1)
      SELECT count(*)::int AS n FROM gone`,
  };
}
