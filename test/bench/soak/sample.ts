import type { Pool } from 'pg';

/** What the database says of itself at one moment. */
export interface DatabaseSample {
  /** Tasks that ended since the sample before, a second. */
  readonly perSecond: number;
  readonly backlog: number;
  /** From the submission to the end, of the last 5,000. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly liveMiB: number;
  readonly doneMiB: number;
  readonly otherMiB: number;
  readonly deadRows: number;
  /** Written since the server began. */
  readonly walMiB: number;
}

/** With what the processes say. */
export interface Sample extends DatabaseSample {
  readonly minute: number;
  readonly rssMiB: readonly number[];
  readonly heapMiB: readonly number[];
  readonly submitted: number;
}

const SIZES = `
  SELECT CASE WHEN c.relname = 'task' THEN 'live' WHEN c.relname LIKE 'task_done%' THEN 'done' ELSE 'other' END AS kind,
    sum(pg_total_relation_size(c.oid)) / 1048576 AS mib, coalesce(sum(s.n_dead_tup), 0) AS dead
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
  WHERE n.nspname = 'celeriac' AND c.relkind = 'r' GROUP BY 1`;
const LATENCY = `
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50, percentile_cont(0.95) WITHIN GROUP (ORDER BY ms) AS p95 FROM (
    SELECT extract(epoch FROM finished_at - created_at) * 1000 AS ms FROM celeriac.task_done
    WHERE name = 'soak.add' AND finished_at > now() - interval '10 s' ORDER BY finished_at DESC LIMIT 5000) x`;

export async function readDatabase(sql: Pool, everyMs: number): Promise<DatabaseSample> {
  const { rows: sizes } = await sql.query<{ kind: string; mib: string; dead: string }>(SIZES);
  const mib = (kind: string) => Number(sizes.find((row) => row.kind === kind)?.mib ?? 0);
  const { rows: latency } = await sql.query<{ p50: number | null; p95: number | null }>(LATENCY);
  const { rows: counts } = await sql.query<{ backlog: string; ended: string; wal: string }>(
    `SELECT (SELECT count(*) FROM celeriac.task) AS backlog,
      (SELECT count(*) FROM celeriac.task_done WHERE finished_at > now() - $1 * interval '1 ms') AS ended,
      pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') / 1048576 AS wal`,
    [everyMs],
  );
  return {
    perSecond: Number(counts[0]!.ended) / (everyMs / 1000),
    backlog: Number(counts[0]!.backlog),
    p50Ms: latency[0]!.p50 ?? 0,
    p95Ms: latency[0]!.p95 ?? 0,
    liveMiB: mib('live'),
    doneMiB: mib('done'),
    otherMiB: mib('other'),
    walMiB: Number(counts[0]!.wal),
    deadRows: sizes.reduce((sum, row) => sum + Number(row.dead), 0),
  };
}
