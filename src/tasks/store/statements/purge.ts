import { HAS_DEPENDENTS, kept } from '../columns.js';
import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';
import { noteExpiry } from './result-expiry.js';

/** How far a purge is. */
export interface PurgeStep {
  ids: string[];
  /** Those that others wait for. */
  awaited: string[];
  /** Rows that became ready later are left alone, so that it ends while submissions go on. */
  before: string;
  /** Where the next step begins: index entries of rows just removed are not walked again. null: nothing was left. */
  priority: number | null;
  from: string | null;
}

/**
 * Revokes up to $2 rows of the queue $1 that nobody has taken and that were ready before $3 (null: now), beginning at
 * the priority $4 and the `ready_at` $5.
 */
export function purge(tables: Tables): Statement {
  const { task, done, schema } = tables;
  return {
    name: `${schema}.purge`,
    text: `
      WITH start AS (
        SELECT coalesce($3::timestamptz, clock_timestamp()) AS before
      ), x AS (
        SELECT id, priority, ready_at FROM ${task}
        WHERE queue = $1 AND (priority, ready_at) >= ($4::int2, $5::timestamptz) AND ready_at IS NOT NULL AND worker_id IS NULL
          AND ready_at <= (SELECT before FROM start)
        ORDER BY priority, ready_at LIMIT $2 FOR UPDATE SKIP LOCKED
      ), gone AS (
        DELETE FROM ${task} t USING x WHERE t.id = ANY(ARRAY[x.id]) RETURNING t.*
      ), expiring AS (${noteExpiry(tables, 'gone')}), ended AS (
        INSERT INTO ${done} (${kept('', 'state')}, state, finished_at, error)
        SELECT ${kept('', 'state')}, 'REVOKED', now(), '{"name":"TaskRevokedError","message":"purged"}' FROM gone
        RETURNING id, flags
      )
      SELECT ARRAY(SELECT id FROM ended) AS ids, ARRAY(SELECT id FROM ended WHERE flags & ${HAS_DEPENDENTS} <> 0) AS awaited, start.before, last.priority, last.ready_at AS from
      FROM start LEFT JOIN (SELECT priority, ready_at FROM x ORDER BY priority DESC, ready_at DESC LIMIT 1) last ON true`,
  };
}

/** Notes what an operator did to more than one task: $1 who, $2 what, $3 JSON. */
export function noteAction({ audit, schema }: Tables): Statement {
  return {
    name: `${schema}.note-action`,
    text: `INSERT INTO ${audit} (by, action, detail) VALUES ($1, $2, $3)`,
  };
}
