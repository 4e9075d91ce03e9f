import type { DataSource, EntityManager } from 'typeorm';
import { DAY_MS, lowestId } from './partitions.js';
import type { Tables } from './tables.js';

/** A day with no more than so many rows that stay is removed all the same: they move to the default partition. */
const FEW = 1000;
/** Everybody waits behind one who waits for the table; the next round tries again. */
const LOCK_TIMEOUT = '500ms';

/** A day of finished tasks, or of their large arguments and results. */
interface Day {
  readonly table: 'task_done' | 'payload';
  readonly name: string;
  readonly startMs: number;
}

/**
 * Removes days whose records are over, by dropping their tables.
 * @param leastMs the shortest time that any record is kept: days that ended later are left alone
 * @param longestMs the longest. Infinity: a day goes when hardly any of its records are left
 * @returns the days that were removed, as `2030-01-31`
 */
export async function dropOldPartitions(
  dataSource: DataSource,
  tables: Tables,
  { leastMs, longestMs }: { leastMs: number; longestMs: number },
): Promise<string[]> {
  const [clock] = await dataSource.query<{ now: string }[]>(
    'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now',
  );
  const now = Number(clock!.now);
  const before = now - leastMs;
  const cutoff = longestMs === Number.POSITIVE_INFINITY ? undefined : new Date(now - longestMs);
  const dropped: string[] = [];
  const days = await daysOf(dataSource, tables.schema);
  for (const day of days.filter((each) => each.table === 'task_done' && each.startMs + DAY_MS <= before))
    if (await dropRecords(dataSource, tables, day, cutoff)) dropped.push(dateOf(day.startMs));
  const left = new Set((await daysOf(dataSource, tables.schema)).map((day) => day.name));
  for (const day of days.filter((each) => each.table === 'payload' && each.startMs + DAY_MS <= before))
    if (!left.has(day.name.replace('payload', 'task_done'))) await dropPayloads(dataSource, tables, day);
  return dropped;
}

/** The least id of the oldest day that has a table: records of before lie in the default partition. */
export async function oldestDay(dataSource: DataSource, schema: string): Promise<string> {
  const days = (await daysOf(dataSource, schema)).filter((day) => day.table === 'task_done');
  return lowestId(Math.min(Date.now(), ...days.map((day) => day.startMs)));
}

async function daysOf(dataSource: DataSource, schema: string): Promise<Day[]> {
  const rows = await dataSource.query<{ name: string }[]>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relispartition AND c.relkind = 'r' ORDER BY 1`,
    [schema],
  );
  return rows.flatMap(({ name }) => {
    const [, table, year, month, day] = /^(task_done|payload)_(\d{4})(\d\d)(\d\d)$/.exec(name) ?? [];
    if (table === undefined) return [];
    return [{ table: table as Day['table'], name, startMs: Date.parse(`${year}-${month}-${day}`) }];
  });
}

/** @param cutoff undefined: only when few are left, whatever their time */
async function dropRecords(
  dataSource: DataSource,
  tables: Tables,
  day: Day,
  cutoff: Date | undefined,
): Promise<boolean> {
  const partition = `"${tables.schema}"."${day.name}"`;
  const few = await isFew(dataSource, `SELECT FROM ${partition}`, []);
  const staying = few ? `SELECT id FROM ${partition}` : stayingIn(tables, partition);
  const values = few ? [] : [cutoff];
  if (!few && (cutoff === undefined || !(await isFew(dataSource, staying, values)))) return false;
  return dataSource.transaction(async (manager) => {
    await lock(manager, tables.done);
    // meanwhile tasks of that day may have ended
    const ids = await manager.query<{ id: string }[]>(`${staying} LIMIT ${FEW + 1}`, values);
    if (ids.length > FEW) return false;
    await replace(manager, { parent: tables.done, partition, column: 'id' }, ids);
    return true;
  });
}

/**
 * What must stay of a day: what ended after $1, and parts of workflows of which that is true, or that go on. Roots that
 * ended after $1 lie in the day itself, since a workflow is submitted at once, or were moved to the default partition.
 */
function stayingIn({ schema, task }: Tables, partition: string): string {
  return `
    SELECT id FROM (
      WITH young AS (SELECT id, workflow_id FROM ${partition} WHERE finished_at > $1 LIMIT ${FEW + 1}),
      roots AS (
        SELECT id FROM ${task} WHERE workflow_id = id
        UNION SELECT workflow_id FROM young WHERE workflow_id IS NOT NULL
        UNION SELECT id FROM "${schema}".task_done_default WHERE workflow_id = id AND finished_at > $1
      )
      SELECT id FROM young
      UNION
      SELECT d.id FROM roots r CROSS JOIN LATERAL (
        SELECT id FROM ${partition} WHERE workflow_id = r.id LIMIT ${FEW + 1}) d
    ) staying`;
}

async function dropPayloads(dataSource: DataSource, tables: Tables, day: Day): Promise<void> {
  const partition = `"${tables.schema}"."${day.name}"`;
  const between = `id >= '${lowestId(day.startMs)}' AND id < '${lowestId(day.startMs + DAY_MS)}'`;
  const staying = `SELECT p.task_id AS id FROM (
      SELECT id FROM ${tables.task} WHERE ${between} UNION ALL SELECT id FROM ${tables.done} WHERE ${between}) x
    CROSS JOIN LATERAL (SELECT DISTINCT task_id FROM ${partition} WHERE task_id = x.id) p`;
  if (!(await isFew(dataSource, staying, []))) return;
  await dataSource.transaction(async (manager) => {
    await lock(manager, tables.payload);
    const ids = await manager.query<{ id: string }[]>(`${staying} LIMIT ${FEW + 1}`);
    if (ids.length <= FEW)
      await replace(manager, { parent: tables.payload, partition, column: 'task_id' }, ids);
  });
}

async function lock(manager: EntityManager, parent: string): Promise<void> {
  await manager.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  await manager.query(`LOCK TABLE ${parent} IN ACCESS EXCLUSIVE MODE`);
}

async function replace(
  manager: EntityManager,
  { parent, partition, column }: { parent: string; partition: string; column: string },
  ids: readonly { id: string }[],
): Promise<void> {
  await manager.query(`ALTER TABLE ${parent} DETACH PARTITION ${partition}`);
  if (ids.length > 0) {
    const [row] = await manager.query<{ columns: string }[]>(
      `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns FROM pg_attribute
       WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
      [parent],
    );
    await manager.query(
      `INSERT INTO ${parent} (${row!.columns}) SELECT ${row!.columns} FROM ${partition} WHERE ${column} = ANY($1::uuid[])`,
      [ids.map(({ id }) => id)],
    );
  }
  await manager.query(`DROP TABLE ${partition}`);
}

async function isFew(dataSource: DataSource, rows: string, values: unknown[]): Promise<boolean> {
  const [counted] = await dataSource.query<{ n: number }[]>(
    `SELECT count(*)::int AS n FROM (${rows} LIMIT ${FEW + 1}) x`,
    values,
  );
  return counted!.n <= FEW;
}

const dateOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
