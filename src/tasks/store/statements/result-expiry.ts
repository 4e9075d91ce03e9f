import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';

/** For statements that end tasks: notes when the ended rows of `source` are to be removed, where their options say so. */
export function noteExpiry({ expiry }: Tables, source: string): string {
  return `INSERT INTO ${expiry} (task_id, until)
        SELECT id, now() + (options->>'resultExpiresMs')::float8 * interval '1 ms' FROM ${source} WHERE options ? 'resultExpiresMs'
        ON CONFLICT (task_id) DO UPDATE SET until = excluded.until`;
}

/** Removes up to $1 finished tasks whose time is over, and all that belongs to them. */
export function removeExpired({ done, payload, attempt, expiry, schema }: Tables): Statement {
  return {
    name: `${schema}.remove-expired`,
    text: `
      WITH x AS (
        DELETE FROM ${expiry} WHERE task_id = ANY(ARRAY(
          SELECT task_id FROM ${expiry} WHERE until <= now() ORDER BY until LIMIT $1 FOR UPDATE SKIP LOCKED))
        RETURNING task_id
      ), d AS (DELETE FROM ${done} d USING x WHERE d.id = ANY(ARRAY[x.task_id]) RETURNING d.id),
        p AS (DELETE FROM ${payload} p USING d WHERE p.task_id = ANY(ARRAY[d.id])),
        a AS (DELETE FROM ${attempt} a USING d WHERE a.task_id = ANY(ARRAY[d.id]))
      SELECT task_id FROM x`,
  };
}
