import type { Tables } from '../tables.js';

/** For statements that end tasks: notes when the ended rows of `source` are to be removed, where their options say so. */
export function noteExpiry({ expiry }: Tables, source: string): string {
  return `INSERT INTO ${expiry} (task_id, until)
        SELECT id, now() + (options->>'resultExpiresMs')::float8 * interval '1 ms' FROM ${source} WHERE options ? 'resultExpiresMs'
        ON CONFLICT (task_id) DO UPDATE SET until = excluded.until`;
}
