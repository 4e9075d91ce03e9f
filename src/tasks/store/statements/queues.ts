import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';
import { listensTo } from './listening.js';

/** Keeps the names of queues that were ever submitted to or consumed. */
export function knowQueues({ queue, schema }: Tables): Statement {
  return {
    name: `${schema}.know-queues`,
    text: `INSERT INTO ${queue} (name) SELECT unnest($1::text[]) ON CONFLICT (name) DO NOTHING`,
  };
}

/** Every queue ever known, so that a worker without `queues` takes from all of them, and whether it is paused. */
export function knownQueues({ queue, schema }: Tables): Statement {
  return {
    name: `${schema}.known-queues`,
    text: `SELECT name, paused_at IS NOT NULL AS paused FROM ${queue} ORDER BY name`,
  };
}

/** Queues with tasks that have been ready for more than $1 ms, and from which no living worker takes. */
export function unheardQueues({ queue, task, worker, schema }: Tables): Statement {
  return {
    name: `${schema}.unheard-queues`,
    text: `SELECT q.name FROM ${queue} q WHERE q.paused_at IS NULL
      AND EXISTS (SELECT FROM generate_series(0, 9) p(priority) WHERE EXISTS (
        SELECT FROM ${task} t WHERE t.queue = q.name AND t.priority = p.priority AND t.worker_id IS NULL
          AND t.ready_at <= now() - $1 * interval '1 ms'))
      AND NOT EXISTS (SELECT FROM ${worker} w WHERE ${listensTo('w', 'q.name')})
      ORDER BY q.name`,
  };
}
