import { ARGS_IN_PAYLOAD, MAX_COUNT, PAYLOAD_ARGS } from '../columns.js';
import type { Statement } from '../database.js';
import type { RecordedOptions } from '../task-record.entity.js';
import type { Tables } from '../tables.js';
import type { Input } from './edges.js';

/** Where a claim looks, in this order, and from which `ready_at` on. */
export interface ClaimPlace {
  readonly queue: string;
  readonly priority: number;
  /** As Postgres prints it, or '-infinity'. */
  readonly from: string;
}

/** A row as its worker holds it. Every later write names the fence. */
export interface ClaimedTask {
  readonly id: string;
  readonly dispatch: number;
  readonly fence: string;
  readonly name: string;
  readonly queue: string;
  readonly priority: number;
  readonly attempt: number;
  readonly retries: number;
  readonly crashes: number;
  readonly owner: string | null;
  readonly tags: Record<string, string> | null;
  /** JSON array. */
  readonly args: string;
  readonly options: RecordedOptions | null;
  /** Since when it could be taken, as Postgres prints it in UTC, to the microsecond. */
  readonly ready_at: string;
  /** See `columns.ts`. */
  readonly flags: number;
  readonly parent_id: string | null;
  readonly root_id: string | null;
  readonly group_id: string | null;
  readonly workflow_id: string | null;
  /** What it waited for, where that was read with it; null where it waited for nothing. */
  readonly inputs?: readonly Input[] | null;
}

/** What a claim tells of the row `t`. */
export const claimed = ({
  payload,
}: Tables) => `t.id, t.dispatch, t.fence, t.name, t.queue, t.priority, t.attempt, t.retries, t.crashes,
  t.owner, t.tags, t.options, t.ready_at, t.flags, t.parent_id, t.root_id, t.group_id, t.workflow_id,
  CASE WHEN t.codec & ${ARGS_IN_PAYLOAD} = 0 THEN t.args::text
    ELSE (SELECT convert_from(p.data, 'UTF8') FROM ${payload} p WHERE p.task_id = t.id AND p.kind = ${PAYLOAD_ARGS}) END AS args`;

/**
 * Takes and claims up to $6 ready rows in one statement: $3 queues and $4 priorities list where to look, in this
 * order, $5 from which `ready_at` on (rows before it are dead index entries while an old snapshot is held).
 * One queue and priority at a time, because `queue = ANY(…) ORDER BY` reads and sorts the whole queue.
 */
export function claimReady(tables: Tables): Statement {
  const { task, worker, queue, schema } = tables;
  return {
    name: `${schema}.claim`,
    text: `
      UPDATE ${task} t SET state = 'STARTED', attempt = least(attempt + 1, ${MAX_COUNT}), started_at = now(), worker_id = $1, fence = $2
      WHERE t.id = ANY(ARRAY(
        SELECT x.id FROM unnest($3::text[], $4::int2[], $5::timestamptz[]) s(q, p, wm)
        CROSS JOIN LATERAL (
          SELECT id FROM ${task} WHERE queue = s.q AND priority = s.p AND ready_at >= s.wm AND worker_id IS NULL
            AND (expires_at IS NULL OR expires_at > now())
          ORDER BY ready_at LIMIT $6 FOR UPDATE SKIP LOCKED) x
        WHERE NOT EXISTS (SELECT FROM ${queue} k WHERE k.name = s.q AND k.paused_at IS NOT NULL)
        LIMIT $6))
      AND EXISTS (SELECT FROM ${worker} WHERE id = $1 AND dead_at IS NULL)
      RETURNING ${claimed(tables)}`,
  };
}

/** Claims what messages name, $3 ids and $4 dispatches, unless a row was given out anew or is held. */
export function claimById(tables: Tables): Statement {
  const { task, worker, queue, schema } = tables;
  return {
    name: `${schema}.claim-by-id`,
    text: `
      UPDATE ${task} t SET state = 'STARTED', attempt = least(attempt + 1, ${MAX_COUNT}), started_at = now(), worker_id = $1, fence = $2
      FROM unnest($3::uuid[], $4::int[]) u(i, d)
      WHERE t.id = ANY(ARRAY[u.i]) AND t.dispatch = u.d AND t.fence IS NULL AND t.ready_at IS NOT NULL
        AND (t.expires_at IS NULL OR t.expires_at > now())
        AND NOT EXISTS (SELECT FROM ${queue} k WHERE k.name = t.queue AND k.paused_at IS NOT NULL)
        AND EXISTS (SELECT FROM ${worker} WHERE id = $1 AND dead_at IS NULL)
      RETURNING ${claimed(tables)}`,
  };
}

/** As much of a claimed task as it takes to write its outcome. */
export type Execution = Pick<ClaimedTask, 'id' | 'fence' | 'dispatch' | 'name' | 'options' | 'flags'>;

/** What a claim under this fence got whose answer was lost. */
export function claimedUnder(tables: Tables): Statement {
  return {
    name: `${tables.schema}.claimed-under`,
    text: `SELECT ${claimed(tables)} FROM ${tables.task} t WHERE t.worker_id = $1 AND t.fence = $2`,
  };
}
