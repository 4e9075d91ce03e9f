import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { BUCKETS } from '#dist/tasks/store/histogram.js';
import { ensurePartitions } from '#dist/tasks/store/partitions.js';

const DAY_MS = 86_400_000;
const DAYS = 14;
/** The same for every statement: ids must be the same again. */
const END = Date.now();
const CHUNK = 250_000;
const NAMES = 60;

/** A UUIDv7 of `DAYS` days ago up to now, by the row's number. */
const id = (records: number) => `(lpad(to_hex((${END}::float8
  - ${DAYS * DAY_MS} * (1 - i::float8 / ${records}))::bigint), 12, '0') || '7' || substr(md5(i::text), 1, 3)
  || '8' || substr(md5(i::text), 4, 15))::uuid`;
const NAME = `(CASE WHEN i % 10 < 6 THEN 'shop.' ELSE 'email.' END || 'task-' || (i::bigint * 7919 % ${NAMES}))`;
const FINGERPRINT = `lpad(to_hex(i / 100 % 200), 16, '0')`;

/** Finished tasks of two weeks, in partitions of a day, some tagged, some failed and in groups, with their statistics. */
export async function addRecords(
  sql: Pool,
  dataSource: DataSource,
  schema: string,
  records: number,
): Promise<void> {
  const of = (table: string) => `"${schema}".${table}`;
  for (let day = DAYS; day > 0; day -= 7)
    await ensurePartitions(dataSource, schema, Date.now() - day * DAY_MS);
  for (let from = 1; from <= records; from += CHUNK) {
    const to = Math.min(records, from + CHUNK - 1);
    await sql.query(`INSERT INTO ${of('task_done')}
        (id, created_at, ready_at, started_at, finished_at, state, attempt, dispatch, name, queue, owner, tags, args, options, result, error)
      SELECT x.id, t, t, t + interval '20 ms', t + interval '90 ms', s.state::${of('task_state')}, 1, 1, ${NAME}, 'queue-' || i % 6,
        CASE WHEN i % 20 = 0 THEN 'acme' END,
        CASE WHEN i % 3 = 0 THEN jsonb_build_object('user', (i % 100000)::text) END,
        jsonb_build_array(i, 'an argument of some length, as they are'), NULL,
        CASE WHEN s.state = 'SUCCESS' THEN to_jsonb(i) END,
        CASE WHEN s.state = 'FAILURE' THEN jsonb_build_object('name', 'Error', 'message', 'upstream-' || i / 100 % 200 || ' refused order ' || i, 'stack', repeat('at f (file.js:1:1) ', 20)) END
      FROM generate_series(${from}, ${to}) i
      CROSS JOIN LATERAL (SELECT ${id(records)} AS id, now() - interval '${DAYS} days' * (1 - i::float8 / ${records}) AS t) x
      CROSS JOIN LATERAL (SELECT CASE WHEN i % 100 < 3 THEN 'FAILURE' WHEN i % 100 = 3 THEN 'REVOKED' ELSE 'SUCCESS' END AS state) s`);
  }
  await sql.query(
    `INSERT INTO ${of('error_task')} SELECT ${FINGERPRINT}, ${id(records)} FROM generate_series(1, ${records}) i WHERE i % 100 < 3`,
  );
  await sql.query(`INSERT INTO ${of('error_group')}
    SELECT lpad(to_hex(i), 16, '0'), ${NAME}, 'Error', 'upstream-' || i || ' refused order <n>', 'f (file.js)', ${Math.round(records * 0.03)} / 200, now() - interval '${DAYS} days', now(), ${id(records)}
    FROM generate_series(0, 199) i`);
  const histogram = `(SELECT array_agg(n % 9) FROM generate_series(1, ${BUCKETS}) n)`;
  await sql.query(`INSERT INTO ${of('task_statistic')}
    SELECT s.step, date_bin(s.step * interval '1 minute', now(), 'epoch') - k * s.step * interval '1 minute', ${NAME}, 'queue-' || i % 6, 90, 80, 3, 4, 1, 0, ${histogram}, ${histogram}
    FROM (VALUES (1, 180), (10, 288), (60, 192), (360, 360)) s(step, n) CROSS JOIN LATERAL generate_series(0, s.n) k CROSS JOIN generate_series(1, ${NAMES}) i
    ON CONFLICT DO NOTHING`);
  await sql.query(
    `VACUUM (ANALYZE) ${of('task_done')}, ${of('error_task')}, ${of('error_group')}, ${of('task_statistic')}`,
  );
}
