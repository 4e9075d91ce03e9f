import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';
import { SPENT } from './cascade.js';

/** How many tasks of the workflow $1 are in each state. */
export function workflowCounts({ task, done, schema }: Tables): Statement {
  return {
    name: `${schema}.workflow-counts`,
    text: `
      SELECT state::text AS state, false AS unneeded, count(*)::int AS n FROM ${task} WHERE workflow_id = $1 GROUP BY 1
      UNION ALL
      SELECT state::text, coalesce(error->>'message' = 'not needed', false), count(*)::int FROM ${done} WHERE workflow_id = $1 GROUP BY 1, 2`,
  };
}

/** Up to $2 ids of tasks of the workflow $1, in the order of their making. */
export function workflowTasks({ task, done, schema }: Tables): Statement {
  return {
    name: `${schema}.workflow-tasks`,
    text: `
      SELECT id FROM (
        (SELECT id FROM ${task} WHERE workflow_id = $1 ORDER BY id LIMIT $2)
        UNION ALL
        (SELECT id FROM ${done} WHERE workflow_id = $1 ORDER BY id LIMIT $2)) x
      ORDER BY id LIMIT $2`,
  };
}

/** Who waits for whom among the tasks $1. */
export function edgesAmong({ edge, schema }: Tables): Statement {
  return {
    name: `${schema}.edges-among`,
    text: `SELECT e.parent_id AS "from", e.child_id AS "to", e.policy & ~${SPENT} AS policy FROM ${edge} e
      WHERE e.parent_id = ANY($1::uuid[]) AND e.child_id = ANY($1::uuid[]) ORDER BY e.child_id, e.position`,
  };
}

/** Live tasks of the workflow $1 after the id $2, up to $3. */
export function liveOfWorkflow({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.live-of-workflow`,
    text: `SELECT id, name, queue FROM ${task} WHERE workflow_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
  };
}

/** The newest workflows before the id $1 (null: all), of the owner $2 (null: any), up to $3. */
export function listWorkflows({ task, done, schema }: Tables): Statement {
  const of = (table: string) =>
    `(SELECT id FROM ${table} WHERE workflow_id = id AND id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        AND ($2::text IS NULL OR owner = $2) ORDER BY id DESC LIMIT $3)`;
  return {
    name: `${schema}.list-workflows`,
    text: `SELECT id FROM (${of(task)} UNION ALL ${of(done)}) x ORDER BY id DESC LIMIT $3`,
  };
}
