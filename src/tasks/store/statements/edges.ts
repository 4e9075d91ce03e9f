import { PAYLOAD_RESULT, RESULT_IN_PAYLOAD } from '../columns.js';
import type { Statement } from '../database.js';
import type { NewEdge } from '../new-workflow.js';
import type { Tables } from '../tables.js';
import { EDGE_POLICY, SPENT } from './cascade.js';

/** Who waits for whom: parents $1, children $2, positions $3 among the child's parents, policies $4. */
export function insertEdges({ edge, schema }: Tables): Statement {
  return {
    name: `${schema}.insert-edges`,
    text: `INSERT INTO ${edge} (parent_id, child_id, position, policy)
      SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int2[]) ON CONFLICT (parent_id, child_id) DO NOTHING`,
  };
}

export function edgeValues(edges: readonly NewEdge[]): unknown[] {
  return [
    edges.map((edge) => edge.parent),
    edges.map((edge) => edge.child),
    edges.map((edge) => edge.position),
    edges.map((edge) => edge.policy),
  ];
}

/** The end of a task that another one waited for. */
export interface Input {
  readonly child: string;
  readonly position: number;
  readonly id: string;
  readonly name: string;
  readonly state: string;
  /** JSON, or null. */
  readonly result: string | null;
  readonly error: { name?: string; message?: string } | null;
}

/**
 * What the tasks $1 waited for and has ended, by position; a failure that was allowed, or was reacted to, also
 * while it is tried again.
 * OFFSET 0: with statistics in which a join has thousands of
 * edges the planner would read all edges of all joins instead.
 */
export function inputs({ task, edge, done, payload, schema }: Tables): Statement {
  return {
    name: `${schema}.inputs`,
    text: `
      SELECT e.child_id AS child, e.position, e.parent_id AS id, parent.name,
        coalesce(d.state::text, 'FAILURE') AS state, d.error, ${resultText(payload)} AS result
      FROM unnest($1::uuid[]) u(id)
      CROSS JOIN LATERAL (SELECT * FROM ${edge} WHERE child_id = u.id OFFSET 0) e
      LEFT JOIN ${done} d ON d.id = ANY(ARRAY[e.parent_id])
      CROSS JOIN LATERAL (SELECT coalesce(d.name, CASE WHEN e.policy & ~${SPENT} IN (${EDGE_POLICY.settled}, ${EDGE_POLICY.failed})
        THEN (SELECT t.name FROM ${task} t WHERE t.id = ANY(ARRAY[e.parent_id])) END) AS name) parent
      WHERE parent.name IS NOT NULL
      ORDER BY e.child_id, e.position`,
  };
}

const resultText = (payload: string) => `CASE WHEN d.codec & ${RESULT_IN_PAYLOAD} = 0 THEN d.result::text
          ELSE (SELECT convert_from(p.data, 'UTF8') FROM ${payload} p WHERE p.task_id = d.id AND p.kind = ${PAYLOAD_RESULT}) END`;

/** Locks the execution $1 with the fence $2: no end of it, and no retry of what waits for it, comes between. */
export function lockOwn({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.lock-own`,
    text: `SELECT id FROM ${task} WHERE id = $1 AND fence = $2 AND revoke_at IS NULL FOR UPDATE`,
  };
}

/** Locks what waits for the task $1: who adds to its group does not race with its siblings. */
export function lockJoins({ edge, task, schema }: Tables): Statement {
  return {
    name: `${schema}.lock-joins`,
    text: `
      SELECT t.id, t.options->'feed' AS feed FROM ${task} t
      WHERE t.id = ANY(ARRAY(SELECT child_id FROM ${edge} WHERE parent_id = $1 AND policy < 2))
      ORDER BY t.id FOR UPDATE`,
  };
}

/** What would wait for the task $1, had it not ended because of another one. */
export function endedJoins({ edge, done, schema }: Tables): Statement {
  return {
    name: `${schema}.ended-joins`,
    text: `SELECT d.id, d.options->'feed' AS feed FROM ${edge} e JOIN ${done} d ON d.id = ANY(ARRAY[e.child_id])
      WHERE e.parent_id = $1 AND e.policy < 2`,
  };
}

/** Lets the tasks $1 wait for the tasks $2 too: every one for each. $3: whose place the edges are like. Ended ones do once they are retried. */
export function joinMore({ edge, task, schema }: Tables): Statement {
  return {
    name: `${schema}.join-more`,
    text: `
      WITH last AS (
        SELECT u.id, (SELECT max(position) FROM ${edge} WHERE child_id = u.id) AS position,
          (SELECT e.policy FROM ${edge} e WHERE e.child_id = u.id AND e.parent_id = $3) AS policy
        FROM unnest($1::uuid[]) u(id)
      ), more AS (
        INSERT INTO ${edge} (parent_id, child_id, position, policy)
        SELECT n.id, l.id, l.position + n.nr, l.policy FROM last l CROSS JOIN unnest($2::uuid[]) WITH ORDINALITY n(id, nr)
      )
      UPDATE ${task} t SET waiting_on = t.waiting_on + cardinality($2::uuid[]) FROM last l
      WHERE t.id = ANY(ARRAY[l.id]) AND t.state = 'WAITING' AND t.waiting_on > 0`,
  };
}
