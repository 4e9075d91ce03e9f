import type { PoolClient } from 'pg';
import type { Bench } from './harness.js';

/** A UUIDv7 of now, made by Postgres, which has no function for it before version 18. */
const ID = `(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3)
  || '8' || substr(md5(random()::text), 1, 15))::uuid`;

/** Rows that wait in the queue that is measured, behind all that is measured. */
export async function addPending(bench: Bench, rows: number): Promise<void> {
  await bench.sql.query(`INSERT INTO ${bench.tables.task} (id, state, name, queue, ready_at, args)
    SELECT ${ID}, 'PENDING', 'bench.add', 'default', clock_timestamp(), '[2,3]' FROM generate_series(1, ${rows})`);
}

export async function addFinished(bench: Bench, rows: number): Promise<void> {
  await bench.sql
    .query(`INSERT INTO ${bench.tables.done} (id, state, name, queue, ready_at, started_at, finished_at, args, result)
    SELECT ${ID}, 'SUCCESS', 'bench.add', 'default', now(), now(), now(), '[2,3]', '5' FROM generate_series(1, ${rows})`);
}

/** What a backup or a long report does: while it lasts, no dead row can be cleaned away. */
export async function holdSnapshot(bench: Bench): Promise<() => Promise<void>> {
  const client: PoolClient = await bench.sql.connect();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await client.query(`SELECT 1 FROM ${bench.tables.worker} LIMIT 1`);
  return async () => {
    await client.query('COMMIT');
    client.release();
  };
}
