import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';
import { listensTo } from './listening.js';

const LIVING = `w.info->'supervisor' IS NULL AND w.dead_at IS NULL AND w.lease_until > clock_timestamp()`;

/** SQL: what is claimable, runs, waits for its time, and waits for others or for limits; each has an index. */
export const LIVE_PARTS = {
  ready: 'ready_at IS NOT NULL AND worker_id IS NULL',
  running: 'worker_id IS NOT NULL',
  due: 'due_at IS NOT NULL AND ready_at IS NULL AND worker_id IS NULL',
  held: 'ready_at IS NULL AND due_at IS NULL AND worker_id IS NULL',
} as const;

/** Live tasks by state, in parts that are to be added up; of none it looks at more than so many rows. */
export function liveByState({ task }: Tables, cap: number): string {
  return Object.values(LIVE_PARTS)
    .map(
      (where) =>
        `SELECT state::text, count(*)::int AS n FROM (SELECT state FROM ${task} WHERE ${where} LIMIT ${cap}) x GROUP BY state`,
    )
    .join(' UNION ALL ');
}

/**
 * How it stands with queues, those of $1 first, and with no more than $2 of them. Of each it counts no more than 10,000
 * ready tasks.
 */
export function queueGauges({ queue, task, worker, schema }: Tables): Statement {
  return {
    name: `${schema}.queue-gauges`,
    text: `SELECT q.name, q.paused_at IS NOT NULL AS paused,
      (SELECT count(*)::int FROM (SELECT FROM ${task} t WHERE t.queue = q.name AND t.ready_at IS NOT NULL
         AND t.worker_id IS NULL LIMIT 10000) x) AS depth,
      (SELECT extract(epoch FROM clock_timestamp() - min(p.oldest))::float8 FROM generate_series(0, 9) s(priority)
         CROSS JOIN LATERAL (SELECT t.ready_at AS oldest FROM ${task} t WHERE t.queue = q.name AND t.priority = s.priority
           AND t.ready_at IS NOT NULL AND t.worker_id IS NULL ORDER BY t.ready_at LIMIT 1) p) AS "oldestSeconds",
      coalesce(r.running, 0) AS running,
      (SELECT count(*)::int FROM ${worker} w WHERE ${listensTo('w', 'q.name')}) AS workers
      FROM (SELECT name, paused_at FROM ${queue} ORDER BY name = ANY($1::text[]) DESC, name LIMIT $2) q LEFT JOIN (
        SELECT t.queue, count(*)::int AS running FROM ${task} t WHERE t.worker_id IS NOT NULL GROUP BY t.queue
      ) r ON r.queue = q.name`,
  };
}

/** Living workers and their slots. */
export function workerGauges({ worker, schema }: Tables): Statement {
  return {
    name: `${schema}.worker-gauges`,
    text: `SELECT count(*)::int AS online,
      coalesce(sum(coalesce(w.status->>'slots', w.info->>'concurrency')::int), 0)::int AS slots
      FROM ${worker} w WHERE ${LIVING}`,
  };
}

/** See {@link liveByState}. */
export function stateGauges(tables: Tables, cap: number): Statement {
  return { name: `${tables.schema}.state-gauges`, text: liveByState(tables, cap) };
}
