import type pg from 'pg';
import type { Ledger } from './ledger.js';
import { until } from './until.js';

/** What was accepted: ids, and what each task returns. A text is the line of a `demo.append`. */
export type Accepted = ReadonlyMap<string, unknown>;

export interface BarBOptions {
  readonly sql: pg.Pool;
  readonly accepted: Accepted;
  readonly ledger?: Ledger | undefined;
  /** Faults × concurrency. */
  readonly maxExtras: number;
  readonly deadlineMs?: number | undefined;
}

export interface BarBFigures {
  readonly extras: number;
  readonly lost: number;
  readonly fenced: number;
  readonly released: number;
}

interface DoneRow {
  id: string;
  state: string;
  result: unknown;
  error: unknown;
}
interface AttemptRow {
  id: string;
  outcome: string;
}

/** Notes every write to the finished rows from here on, so that one that is later undone is seen too. */
export async function watchEndings(sql: pg.Pool): Promise<void> {
  await sql.query(`
    CREATE TABLE public.ending (id uuid NOT NULL, operation text NOT NULL);
    CREATE FUNCTION public.note_ending() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO public.ending VALUES (coalesce(NEW.id, OLD.id), TG_OP);
        RETURN NULL;
      END $$;
    CREATE TRIGGER note_ending AFTER INSERT OR UPDATE OR DELETE ON celeriac.task_done
      FOR EACH ROW EXECUTE FUNCTION public.note_ending();`);
}

/** Resolves when no task is live any more. */
export async function untilDrained(sql: pg.Pool, deadlineMs = 240_000): Promise<void> {
  const left = () =>
    sql.query<{ state: string; n: string }>('SELECT state, count(*) AS n FROM celeriac.task GROUP BY state');
  await until('every task has ended', async () => (await left()).rows.length === 0, deadlineMs).catch(
    async (error: Error) => {
      const states = (await left()).rows.map((row) => `${row.n} ${row.state}`);
      throw new Error(`${error.message}; left: ${states.join(', ')}`, { cause: error });
    },
  );
}

/**
 * What must hold after every fault: each accepted submission has exactly one ending, which never changed; its result
 * is right; every execution beyond the first is explained by an attempt that was lost, fenced or released.
 */
export async function assertBarB(options: BarBOptions): Promise<BarBFigures> {
  const { sql, accepted, ledger, maxExtras } = options;
  await untilDrained(sql, options.deadlineMs);
  const done = await sql.query<DoneRow>('SELECT id, state, result, error FROM celeriac.task_done');
  const endings = await sql.query<{ id: string; operation: string }>(
    'SELECT id, operation FROM public.ending',
  );
  const attempts = await sql.query<AttemptRow>(
    `SELECT task_id AS id, outcome FROM celeriac.attempt WHERE outcome IN ('lost', 'fenced', 'released')`,
  );

  const problems = [...wrongRecords(accepted, done.rows), ...wrongEndings(accepted, endings.rows)];
  let extras = 0;
  if (ledger) {
    const runs = await ledger.counts();
    const explained = groupById(attempts.rows);
    for (const [id, line] of accepted) {
      if (typeof line !== 'string') continue;
      const ran = runs.get(line) ?? 0;
      if (ran === 0) problems.push(`${id} never ran`);
      extras += Math.max(0, ran - 1);
      const reasons = explained.get(id)?.length ?? 0;
      if (ran - 1 > reasons) problems.push(`${id} ran ${ran} times, and ${reasons} attempts say why`);
    }
    const known = new Set(accepted.values());
    for (const line of runs.keys())
      if (!known.has(line)) problems.push(`'${line}' ran and was never accepted`);
  }
  if (extras > maxExtras) problems.push(`${extras} extra executions, at most ${maxExtras} are allowed`);
  if (problems.length > 0)
    throw new Error(`Bar B is broken ${problems.length} times:\n${problems.slice(0, 20).join('\n')}`);
  const count = (outcome: string) => attempts.rows.filter((row) => row.outcome === outcome).length;
  return { extras, lost: count('lost'), fenced: count('fenced'), released: count('released') };
}

function wrongRecords(accepted: Accepted, rows: readonly DoneRow[]): string[] {
  const records = new Map(rows.map((row) => [row.id, row]));
  const problems: string[] = [];
  for (const [id, result] of accepted) {
    const record = records.get(id);
    if (!record) problems.push(`${id} is lost`);
    else if (record.state !== 'SUCCESS')
      problems.push(`${id} ended in ${record.state}: ${JSON.stringify(record.error)}`);
    else if (JSON.stringify(record.result) !== JSON.stringify(result))
      problems.push(
        `${id} has the result ${JSON.stringify(record.result)} instead of ${JSON.stringify(result)}`,
      );
  }
  for (const id of records.keys()) if (!accepted.has(id)) problems.push(`${id} was never accepted`);
  return problems;
}

function wrongEndings(accepted: Accepted, writes: readonly { id: string; operation: string }[]): string[] {
  const byId = groupById(writes);
  const problems: string[] = [];
  for (const id of accepted.keys()) {
    const operations = (byId.get(id) ?? []).map((write) => write.operation);
    if (operations.join() !== 'INSERT')
      problems.push(`${id} was ended by: ${operations.join(', ') || 'nothing'}`);
  }
  return problems;
}

function groupById<Row extends { id: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.id);
    if (group) group.push(row);
    else groups.set(row.id, [row]);
  }
  return groups;
}
