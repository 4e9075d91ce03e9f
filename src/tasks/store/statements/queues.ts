import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';

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
