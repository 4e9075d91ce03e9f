import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';

/** Takes the sweep $1 for $2 ms, if its time has come and nobody is at it. `upto`: how far it had come. */
export function takeSweep({ sweep, schema }: Tables): Statement {
  return {
    name: `${schema}.take-sweep`,
    text: `INSERT INTO ${sweep} AS s (name, taken_until) VALUES ($1, now() + $2::float8 * interval '1 ms')
      ON CONFLICT (name) DO UPDATE SET taken_until = excluded.taken_until
        WHERE s.next_at <= now() AND (s.taken_until IS NULL OR s.taken_until <= now())
      RETURNING upto`,
  };
}

/** The sweep $1 has come to $2 (null: where it was), and goes on: it is taken for $3 ms more. */
export function moveSweep({ sweep, schema }: Tables): Statement {
  return {
    name: `${schema}.move-sweep`,
    text: `UPDATE ${sweep} SET upto = greatest(upto, $2::timestamptz), taken_until = now() + $3::float8 * interval '1 ms' WHERE name = $1`,
  };
}

/** Lets go of the sweep $1; the next one is due in $2 ms. */
export function endSweep({ sweep, schema }: Tables): Statement {
  return {
    name: `${schema}.end-sweep`,
    text: `UPDATE ${sweep} SET taken_until = NULL, next_at = now() + $2::float8 * interval '1 ms' WHERE name = $1`,
  };
}

/** Forgets sweeps that nobody has made for a week: of rules that hold no more. */
export function dropSweeps({ sweep, schema }: Tables): Statement {
  return {
    name: `${schema}.drop-sweeps`,
    text: `DELETE FROM ${sweep} WHERE next_at < now() - interval '7 days' AND coalesce(taken_until, '-infinity') < now() - interval '7 days'`,
  };
}
