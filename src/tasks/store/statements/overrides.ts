import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';

export function readOverrides({ override, schema }: Tables): Statement {
  return {
    name: `${schema}.overrides`,
    text: `SELECT task, rate, burst, soft_time_limit_ms, time_limit_ms FROM ${override} ORDER BY task`,
  };
}

/** $1 task, $2 rate, $3 burst, $4 by whom. */
export function overrideRate({ override, schema }: Tables): Statement {
  return {
    name: `${schema}.override-rate`,
    text: `INSERT INTO ${override} (task, rate, burst, by) VALUES ($1, $2, $3, $4)
      ON CONFLICT (task) DO UPDATE SET rate = excluded.rate, burst = excluded.burst, by = excluded.by, changed_at = now()`,
  };
}

/** $1 task, $2 soft and $3 hard in ms, $4 by whom. */
export function overrideTimeLimits({ override, schema }: Tables): Statement {
  return {
    name: `${schema}.override-time-limits`,
    text: `INSERT INTO ${override} (task, soft_time_limit_ms, time_limit_ms, by) VALUES ($1, $2, $3, $4)
      ON CONFLICT (task) DO UPDATE SET soft_time_limit_ms = excluded.soft_time_limit_ms, time_limit_ms = excluded.time_limit_ms,
        by = excluded.by, changed_at = now()`,
  };
}
