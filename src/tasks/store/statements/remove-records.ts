import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';
import { isHeld, keepOf, type KeepRule } from './keep-rules.js';

/** CTEs that remove what belongs to the finished rows of the CTE `rows`, which has their `id`. */
export function belongingsOf({ payload, attempt, edge, log, errorTask }: Tables, rows: string): string {
  const of = (name: string, table: string, column: string) =>
    `${name} AS (DELETE FROM ${table} b USING ${rows} WHERE b.${column} = ANY(ARRAY[${rows}.id]))`;
  return [
    of('edges', edge, 'parent_id'),
    of('payloads', payload, 'task_id'),
    of('attempts', attempt, 'task_id'),
    of('logs', log, 'task_id'),
    of('errors', errorTask, 'task_id'),
  ].join(', ');
}

/**
 * Looks at $7 finished tasks that ended after $5, in the order of their ends, and removes those that are kept for $3 ms
 * and ended $4 ms ago or more. What is held is looked at again in $6 ms. `upto`: how far it came; null: nothing is there.
 * Those that ended at one time are looked at together, however many they are, so that the next batch begins after them.
 * `settled`: how far it need not look again: what ended before may still be committed for a while.
 */
export function sweepRecords(tables: Tables, rules: readonly KeepRule[]): Statement {
  const { done, expiry, schema } = tables;
  return {
    name: `${schema}.sweep-records-${rules.length}`,
    text: `
      WITH w AS MATERIALIZED (
        SELECT d.id, d.workflow_id, d.finished_at, ${keepOf(rules, 'd')} AS keep FROM ${done} d
        WHERE d.finished_at > $5::timestamptz AND d.finished_at <= now() - $4::float8 * interval '1 ms'
        ORDER BY d.finished_at FETCH FIRST $7 ROWS WITH TIES
      ), x AS MATERIALIZED (
        SELECT w.id, ${isHeld(tables, rules, 'w')} AS held FROM w WHERE w.keep = $3::float8
      ), later AS (
        INSERT INTO ${expiry} (task_id, until) SELECT id, now() + $6::float8 * interval '1 ms' FROM x WHERE held
        ON CONFLICT DO NOTHING
      ), d AS (
        DELETE FROM ${done} d USING x WHERE d.id = ANY(ARRAY[x.id]) AND NOT x.held RETURNING d.id
      ), ${belongingsOf(tables, 'd')}, noted AS (
        DELETE FROM ${expiry} y USING d WHERE y.task_id = ANY(ARRAY[d.id])
      )
      SELECT count(*)::int AS looked, max(finished_at) AS upto,
        least(max(finished_at), now() - $4::float8 * interval '1 ms' - interval '1 minute') AS settled FROM w`,
  };
}

/**
 * Removes up to $3 finished tasks whose own time is over, with all that belongs to them; those that are held are looked
 * at again in $4 ms.
 */
export function removeExpired(tables: Tables, rules: readonly KeepRule[]): Statement {
  const { done, expiry, schema } = tables;
  return {
    name: `${schema}.remove-expired-${rules.length}`,
    text: `
      WITH w AS MATERIALIZED (
        SELECT y.task_id AS id, d.workflow_id FROM (
          SELECT task_id FROM ${expiry} WHERE until <= now() ORDER BY until LIMIT $3 FOR UPDATE SKIP LOCKED) y
        LEFT JOIN ${done} d ON d.id = ANY(ARRAY[y.task_id])
      ), x AS MATERIALIZED (
        SELECT w.id, ${isHeld(tables, rules, 'w')} AS held FROM w
      ), later AS (
        UPDATE ${expiry} y SET until = now() + $4::float8 * interval '1 ms' FROM x
        WHERE y.task_id = ANY(ARRAY[x.id]) AND x.held
      ), noted AS (
        DELETE FROM ${expiry} y USING x WHERE y.task_id = ANY(ARRAY[x.id]) AND NOT x.held
      ), d AS (
        DELETE FROM ${done} d USING x WHERE d.id = ANY(ARRAY[x.id]) AND NOT x.held RETURNING d.id
      ), ${belongingsOf(tables, 'd')}
      SELECT count(*)::int AS looked FROM x`,
  };
}
