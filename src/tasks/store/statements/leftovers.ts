import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';

/** A statement that removes a batch, with `n`: how many rows it removed. */
export type RemoveBatch = Statement;

const counted = (name: string, removal: string): RemoveBatch => ({
  name,
  text: `WITH gone AS (${removal} RETURNING 1) SELECT count(*)::int AS n FROM gone`,
});

/** Tables with rows of tasks, and the column of the task's id: they are not partitioned, and go after it. */
export const BELONGINGS = [
  ['attempt', 'task_id'],
  ['edge', 'parent_id'],
  ['log', 'task_id'],
  ['errorTask', 'task_id'],
  ['expiry', 'task_id'],
] as const;

/**
 * Looks at up to $3 rows after the task $1 and before the task $2, whose day was removed, and removes those whose task
 * is not there any more. `after`: how far it came; null: nothing is there.
 */
export function removeBelongings(tables: Tables, [table, column]: (typeof BELONGINGS)[number]): Statement {
  const { task, done, schema } = tables;
  return {
    name: `${schema}.remove-${table}`,
    text: `
      WITH w AS MATERIALIZED (
        SELECT DISTINCT id FROM (SELECT ${column} AS id FROM ${tables[table]}
          WHERE ${column} > $1::uuid AND ${column} < $2::uuid ORDER BY ${column} LIMIT $3) x
      ), gone AS (
        DELETE FROM ${tables[table]} b USING w WHERE b.${column} = ANY(ARRAY[w.id])
          AND NOT EXISTS (SELECT FROM ${task} t WHERE t.id = ANY(ARRAY[w.id]))
          AND NOT EXISTS (SELECT FROM ${done} d WHERE d.id = ANY(ARRAY[w.id]))
      )
      SELECT (SELECT id FROM w ORDER BY id DESC LIMIT 1) AS after`,
  };
}

/** Removes up to $2 lines that tasks before the id $1 logged. */
export function removeLogs({ log, schema }: Tables): RemoveBatch {
  return counted(
    `${schema}.remove-logs`,
    `DELETE FROM ${log} l USING (SELECT task_id, attempt, line FROM ${log} WHERE task_id < $1::uuid ORDER BY task_id LIMIT $2) x
      WHERE l.task_id = ANY(ARRAY[x.task_id]) AND l.attempt = x.attempt AND l.line = x.line`,
  );
}

/** Removes what operators did $1 ms ago or earlier; looks at the $2 oldest entries. */
export function removeAudit({ audit, schema }: Tables): RemoveBatch {
  return counted(
    `${schema}.remove-audit`,
    `DELETE FROM ${audit} a USING (SELECT id, at FROM ${audit} ORDER BY id LIMIT $2) x
      WHERE a.id = ANY(ARRAY[x.id]) AND x.at <= now() - $1::float8 * interval '1 ms'`,
  );
}

/** Removes up to $3 rows of the step $1 that are older than $2, an interval. */
export function removeStatistics({ statistic, schema }: Tables): RemoveBatch {
  return counted(
    `${schema}.remove-statistics`,
    `DELETE FROM ${statistic} s USING (SELECT step, at, name, queue FROM ${statistic}
        WHERE step = $1::int2 AND at < now() - $2::interval ORDER BY step, at LIMIT $3) x
      WHERE (s.step, s.at, s.name, s.queue) = (x.step, x.at, x.name, x.queue)`,
  );
}

/** Removes up to $3 groups of errors that were not seen for $1, an interval, or of more than $2 those seen least lately. */
export function removeErrorGroups({ errorGroup, schema }: Tables): RemoveBatch {
  return counted(
    `${schema}.remove-error-groups`,
    `DELETE FROM ${errorGroup} g USING (SELECT fingerprint FROM ${errorGroup}
        WHERE last_seen < greatest(now() - $1::interval,
          (SELECT last_seen FROM ${errorGroup} ORDER BY last_seen DESC OFFSET $2 LIMIT 1))
        ORDER BY last_seen LIMIT $3) x
      WHERE g.fingerprint = ANY(ARRAY[x.fingerprint])`,
  );
}

/** Removes up to $1 notes of which task is in a group of errors that is gone. */
export function removeUngrouped({ errorGroup, errorTask, schema }: Tables): RemoveBatch {
  return counted(
    `${schema}.remove-ungrouped`,
    `DELETE FROM ${errorTask} e USING (
        SELECT x.fingerprint, x.task_id FROM (${DISTINCT_FINGERPRINTS(errorTask)}) f
        CROSS JOIN LATERAL (SELECT fingerprint, task_id FROM ${errorTask} WHERE fingerprint = f.fingerprint LIMIT $1) x
        WHERE NOT EXISTS (SELECT FROM ${errorGroup} g WHERE g.fingerprint = f.fingerprint) LIMIT $1) x
      WHERE e.fingerprint = ANY(ARRAY[x.fingerprint]) AND e.task_id = x.task_id`,
  );
}

/** From one to the next by the index, however many tasks each has. */
const DISTINCT_FINGERPRINTS = (errorTask: string) => `
  WITH RECURSIVE f AS (
    (SELECT fingerprint FROM ${errorTask} ORDER BY fingerprint LIMIT 1)
    UNION ALL
    SELECT (SELECT e.fingerprint FROM ${errorTask} e WHERE e.fingerprint > f.fingerprint ORDER BY e.fingerprint LIMIT 1)
    FROM f WHERE f.fingerprint IS NOT NULL
  ) SELECT fingerprint FROM f WHERE fingerprint IS NOT NULL`;

/** Of up to $1 workers that died a day ago or earlier keeps no more than their names. */
export function stripWorkers({ worker, schema }: Tables): RemoveBatch {
  return {
    name: `${schema}.strip-workers`,
    text: `
      WITH stripped AS (
        UPDATE ${worker} SET status = NULL, info = '{}' WHERE id = ANY(ARRAY(
          SELECT id FROM ${worker} WHERE dead_at < now() - interval '1 day' AND (status IS NOT NULL OR info <> '{}')
          ORDER BY dead_at LIMIT $1 FOR UPDATE SKIP LOCKED))
        RETURNING 1
      ) SELECT count(*)::int AS n FROM stripped`,
  };
}

/** Removes up to $2 workers that died $1 ms ago or earlier: no record names them any more. */
export function removeWorkers({ worker, schema }: Tables): RemoveBatch {
  return counted(
    `${schema}.remove-workers`,
    `DELETE FROM ${worker} WHERE id = ANY(ARRAY(
      SELECT id FROM ${worker} WHERE dead_at < now() - $1::float8 * interval '1 ms' ORDER BY dead_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
  );
}

/** Removes up to $1 commands whose asker has gone; their replies go with them. */
export function removeCommands({ command, schema }: Tables): RemoveBatch {
  return counted(
    `${schema}.remove-commands`,
    `DELETE FROM ${command} WHERE id = ANY(ARRAY(
      SELECT id FROM ${command} WHERE until < now() - interval '1 hour' LIMIT $1 FOR UPDATE SKIP LOCKED))`,
  );
}
