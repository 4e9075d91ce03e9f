import { FED, MAX_COUNT, kept } from '../columns.js';
import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';
import { EDGE_POLICY, SPENT, dueWhenReleased, expiryWhenReleased } from './cascade.js';
import { claimed, type ClaimedTask } from './claim.js';

/** Claimed by who ended what it waited for. */
export interface Heir extends ClaimedTask {
  /** Whose end released it, */
  readonly after: string;
  /** and the fence under which that ran. */
  readonly after_fence: string;
}

/** Who goes on with what waits for the tasks that it ends. */
export interface Inheritor {
  readonly workerId: string;
  /** Of what it claims. */
  readonly fence: string;
  /** It takes from these, */
  readonly queues: readonly string[];
  /** and these. */
  readonly names: readonly string[];
}

/** How a task succeeds for which another one waits alone. */
export interface Step {
  readonly id: string;
  readonly fence: string;
  /** JSON, or null. */
  readonly result: string | null;
  /** The last progress not yet written, JSON, or null. */
  readonly progress: string | null;
}

/**
 * Ends the tasks $3 with success, under their fences $4, and claims for the worker $1, under the fence $2, what waited
 * for each of them alone, if it is in the queues $7 and called one of $8. What takes `finish`, `cascade` and a
 * claim otherwise, in one statement: a chain is as slow as its steps.
 *
 * Where anything else is to be done, the task is not ended, and is missing in the answer: what waits is found and
 * locked before, so that nothing is released halfway when an operator has moved it meanwhile. Locks are taken as
 * everywhere, first those of what ends, then those of what waits, each in the order of the ids.
 */
export function advance(tables: Tables): Statement {
  const { task, done, edge, queue, worker, state, schema } = tables;
  return {
    name: `${schema}.advance`,
    text: `
      WITH own AS MATERIALIZED (
        SELECT t.id, u.r, u.p FROM unnest($3::uuid[], $4::bigint[], $5::text[], $6::text[]) u(i, f, r, p)
        JOIN ${task} t ON t.id = ANY(ARRAY[u.i]) AND t.fence = u.f
        ORDER BY t.id FOR UPDATE OF t
      ), next AS MATERIALIZED (
        SELECT t.id, e.position, u.id AS parent, u.r, u.p
        FROM own u CROSS JOIN LATERAL (SELECT child_id, position, policy FROM ${edge} WHERE parent_id = u.id OFFSET 0) e
        JOIN ${task} t ON t.id = ANY(ARRAY[e.child_id])
        WHERE t.state = 'WAITING' AND t.waiting_on = 1 AND e.policy < ${SPENT} AND e.policy <> ${EDGE_POLICY.failed}
          AND NOT EXISTS (SELECT FROM ${edge} o WHERE o.parent_id = u.id AND o.child_id <> e.child_id)
          AND NOT EXISTS (SELECT FROM ${edge} o WHERE o.child_id = e.child_id AND o.parent_id <> u.id)
          AND t.queue = ANY($7::text[]) AND t.name = ANY($8::text[])
          AND ${dueWhenReleased} IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
          AND NOT EXISTS (SELECT FROM ${queue} k WHERE k.name = t.queue AND k.paused_at IS NOT NULL)
          AND EXISTS (SELECT FROM ${worker} WHERE id = $1 AND dead_at IS NULL)
        ORDER BY t.id FOR UPDATE OF t
      ), d AS (
        DELETE FROM ${task} t USING next n WHERE t.id = ANY(ARRAY[n.parent])
        RETURNING t.*, n.r, n.p, n.id AS heir, n.position
      ), ended AS (
        INSERT INTO ${done} (${kept('', 'state', 'progress')}, state, progress, finished_at, result)
        SELECT ${kept('', 'state', 'progress')}, 'SUCCESS'::${state}, coalesce(p::jsonb, progress), now(), r::jsonb FROM d
        RETURNING id, result::text AS result
      )
      UPDATE ${task} t SET waiting_on = 0, state = 'STARTED', due_at = NULL, ready_at = clock_timestamp(), expires_at = ${expiryWhenReleased},
        attempt = least(t.attempt + 1, ${MAX_COUNT}), started_at = now(), worker_id = $1, fence = $2
      FROM d JOIN ended ON ended.id = d.id WHERE t.id = ANY(ARRAY[d.heir])
      RETURNING ${claimed(tables)}, d.id AS after, d.fence AS after_fence, CASE WHEN t.flags & ${FED} <> 0 THEN json_build_array(json_build_object(
        'child', t.id, 'position', d.position, 'id', d.id, 'name', d.name, 'state', 'SUCCESS', 'error', NULL, 'result', ended.result)) END AS inputs`,
  };
}

/** @param steps each execution once: the fence says which one it is that has the row */
export function advanceValues(
  { workerId, fence, queues, names }: Inheritor,
  steps: readonly Step[],
): unknown[] {
  return [
    workerId,
    fence,
    steps.map((step) => step.id),
    steps.map((step) => step.fence),
    steps.map((step) => step.result),
    steps.map((step) => step.progress),
    queues,
    names,
  ];
}

/** What the worker $1 claimed under the fence $2 when it ended the tasks $3: the answer to an advance whose own was lost. */
export function inherited(tables: Tables): Statement {
  const { task, done, edge, schema } = tables;
  return {
    name: `${schema}.inherited`,
    text: `
      SELECT ${claimed(tables)}, d.id AS after, d.fence AS after_fence
      FROM ${task} t CROSS JOIN LATERAL (
        SELECT parent_id FROM ${edge} WHERE child_id = t.id AND parent_id = ANY($3::uuid[]) LIMIT 1) e
      JOIN ${done} d ON d.id = ANY(ARRAY[e.parent_id])
      WHERE t.worker_id = $1 AND t.fence = $2`,
  };
}
