import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';

/** $1 ids, $2 fences, $3 JSON. Returns the ids still held under their fence. */
export function writeProgress({ task, schema }: Tables): Statement {
  return {
    name: `${schema}.progress`,
    text: `UPDATE ${task} t SET progress = u.p::jsonb FROM unnest($1::uuid[], $2::bigint[], $3::text[]) u(i, f, p)
      WHERE t.id = ANY(ARRAY[u.i]) AND t.fence = u.f RETURNING t.id`,
  };
}
