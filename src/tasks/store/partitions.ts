import type { DataSource } from 'typeorm';

export const DAY_MS = 86_400_000;
/** Days of partitions made ahead. Rows beyond go to the default partition; nothing is refused. */
const DAYS_AHEAD = 7;
const PARTITIONED = ['task_done', 'payload'] as const;
/** Of each partition, since their parent can have none: vacuumed before many rows that batches removed lie dead in it. */
export const PARTITION_SETTINGS =
  'autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 20000';

/**
 * Makes the day partitions of the coming week where they are missing. A partition is attached rather than created in
 * place, which would lock the parent against everyone; names tell which exist.
 */
export async function ensurePartitions(
  dataSource: DataSource,
  schema: string,
  now = Date.now(),
): Promise<void> {
  const rows = await dataSource.query<{ name: string }[]>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relispartition`,
    [schema],
  );
  const existing = new Set(rows.map((row) => row.name));
  for (const table of PARTITIONED)
    for (let day = 0; day <= DAYS_AHEAD; day++) {
      const start = Math.floor(now / DAY_MS + day) * DAY_MS;
      const name = `${table}_${new Date(start).toISOString().slice(0, 10).replaceAll('-', '')}`;
      if (!existing.has(name))
        await attach(dataSource, schema, table, name, start).catch(unlessOthersWereFaster);
    }
}

async function attach(
  dataSource: DataSource,
  schema: string,
  table: string,
  name: string,
  start: number,
): Promise<void> {
  const parent = `"${schema}".${table}`;
  const child = `"${schema}".${name}`;
  await dataSource.transaction(async (manager) => {
    // Waiting long for a lock would make everyone wait behind us; the next round tries again.
    await manager.query(`SET LOCAL lock_timeout = '2s'`);
    await manager.query(
      `CREATE TABLE IF NOT EXISTS ${child} (LIKE ${parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (${PARTITION_SETTINGS})`,
    );
    await manager.query(
      `ALTER TABLE ${parent} ATTACH PARTITION ${child} FOR VALUES FROM ('${lowestId(start)}') TO ('${lowestId(start + DAY_MS)}')`,
    );
  });
}

/** What was in the way of a day's partition is no reason not to make those of the next days. */
const FASTER = new Set([
  // rows of that day lie in the default partition already: there they stay
  '23514',
  // another process has made it meanwhile: its type, its table, or its place in the parent
  '23505',
  '42P07',
  '42809',
]);

function unlessOthersWereFaster(error: unknown): void {
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string' || !FASTER.has(code)) throw error;
}

/** The least UUIDv7 of a time (RFC 9562: 48 bits of milliseconds since 1970 come first), or of the nearest that has one. */
export function lowestId(ms: number): string {
  const hex = Math.min(Math.max(0, ms), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
