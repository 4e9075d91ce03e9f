import type { DataSource } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { lowestId } from './partitions.js';
import { TASK_STATES, isFinal, type TaskState } from './states.js';
import { conditionsOf, escapeLike, type Parameters, type TaskFilter } from './task-filter.js';
import type { Tables } from './tables.js';

export interface IdPage {
  readonly ids: string[];
  /** Where to go on; null when there are no more. */
  readonly next: string | null;
}

interface Wanted {
  readonly limit: number;
  readonly after: string | undefined;
  readonly oldestFirst: boolean;
  /** How many rows may be looked at; each lane may look at `limit` in any case. */
  readonly budget: number;
  /** Looks among the next of all, or of those that ended badly: where many fit, that is fastest. */
  readonly plain: boolean;
}

/** One way through an index, in the order of ids. */
interface Lane {
  readonly table: 'task' | 'done';
  /** Answered by the index. */
  readonly where?: string;
  /** Ids from elsewhere, instead of the table's own index. @param range of `id` */
  readonly keys?: (range: string, order: string, budget: string) => string;
  /** Each of these by itself, within what `where` means. */
  readonly names?: readonly string[];
  /** Only adds to what the others find: it is not waited for. */
  readonly extra?: number;
}

/** More names than this are looked for row by row. */
const MAX_NAMES = 50;
/** Of one of many names at least so many are looked at. */
const MIN_OF_NAME = 10;
const MAX_GROUPS = 50;
const MAX_TAGGED = 10_000;
/** The groups of errors are written a moment after the failures. */
const RECENT = 1000;

/** The condition of the indexes of what did not succeed. */
const ENDED = `state IN ('FAILURE', 'REVOKED')`;

const inWorkflow = (id: string, add: Parameters) =>
  `workflow_id = ${add(id, 'uuid')} AND workflow_id IS NOT NULL`;

/**
 * Finds the ids of a page. Each lane goes through an index and looks at no more rows than its budget: a page takes
 * the same time at any size of the tables, and says where it stopped.
 */
export class TaskSearch {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tables: Tables,
  ) {}

  async page(filter: TaskFilter, wanted: Wanted): Promise<IdPage> {
    const values: unknown[] = [];
    const add = (value: unknown, type = '') => `$${values.push(value)}${type && `::${type}`}`;
    const lanes = await this.lanes(filter, wanted.plain, add);
    if (lanes.length === 0) return { ids: [], next: null };
    // together they look at no more
    const each = { ...wanted, budget: Math.max(wanted.limit, Math.ceil(wanted.budget / lanes.length)) };
    const parts = lanes.map((lane) => this.laneQuery(lane, filter, each, add));
    const rows = await this.dataSource.query<LaneRow[]>(parts.join(' UNION ALL '), values);
    return merge(rows, wanted);
  }

  private laneQuery(lane: Lane, filter: TaskFilter, wanted: Wanted, add: Parameters): string {
    const { oldestFirst, after, limit } = wanted;
    const order = oldestFirst ? 'ASC' : 'DESC';
    const ranges = [
      ...(after === undefined ? [] : [`id ${oldestFirst ? '>' : '<'} ${add(after, 'uuid')}`]),
      ...(filter.from ? [`id >= ${add(lowestId(filter.from.getTime()), 'uuid')}`] : []),
      ...(filter.to ? [`id < ${add(lowestId(filter.to.getTime()), 'uuid')}`] : []),
    ];
    const range = ranges.join(' AND ') || 'true';
    const budget = add(budgetOf(lane, wanted), 'int');
    const table = lane.table === 'task' ? this.tables.task : this.tables.done;
    const ok = conditionsOf(filter, lane.table, this.tables, add).join(' AND ') || 'true';
    const most = add(limit, 'int');
    const rowsOf = (condition = 'true') =>
      `SELECT id, ${ok} AS ok FROM ${table} t WHERE ${[range, lane.where ?? 'true', condition].join(' AND ')} ORDER BY id ${order} LIMIT ${budget}`;
    const found = (rows: string) => `
      WITH x AS MATERIALIZED (${rows})
      SELECT ARRAY(SELECT id FROM x WHERE ok ORDER BY id ${order} LIMIT ${most}) AS ids, CASE WHEN ${lane.extra === undefined} AND (SELECT count(*) FROM x) >= ${budget}
        THEN (SELECT id FROM x ORDER BY id ${oldestFirst ? 'DESC' : 'ASC'} LIMIT 1) END AS stopped`;
    if (lane.keys)
      return `(${found(`SELECT k.id, t.id IS NOT NULL AND ${ok} AS ok FROM (${lane.keys(range, order, budget)}) k LEFT JOIN ${table} t ON t.id = k.id`)})`;
    if (lane.names)
      return `(SELECT y.* FROM unnest(${add(lane.names, 'text[]')}) n CROSS JOIN LATERAL (${found(rowsOf('name = n'))}) y)`;
    return `(${found(rowsOf())})`;
  }

  private async lanes(filter: TaskFilter, plain: boolean, add: Parameters): Promise<Lane[]> {
    const states = [filter.state ?? TASK_STATES].flat();
    const live: Lane[] = states.every(isFinal)
      ? []
      : [
          ...(filter.workflow === undefined
            ? liveLanes(states)
            : [{ table: 'task', where: inWorkflow(filter.workflow, add) } as const]),
        ];
    const finished = states.some((state) => isFinal(state));
    if (filter.search !== undefined && isUuid(filter.search)) {
      const where = `id = ${add(filter.search, 'uuid')}`;
      return [{ table: 'task', where }, ...(finished ? [{ table: 'done', where } as const] : [])];
    }
    if (!finished) return live;
    if (plain && mayBeMany(filter)) return [...live, ...endLanes(states)];
    return [...live, ...(await this.doneLanes(filter, states, add))];
  }

  private async doneLanes(filter: TaskFilter, states: TaskState[], add: Parameters): Promise<Lane[]> {
    const { name, search, error, tags, owner, parent, workflow } = filter;
    if (workflow !== undefined) return [{ table: 'done', where: inWorkflow(workflow, add) }];
    if (parent !== undefined) return [{ table: 'done', where: `parent_id = ${add(parent, 'uuid')}` }];
    if (error !== undefined) return [this.groupLane([error], add)];
    if (search !== undefined) return this.searchLanes(search, states, add);
    if (tags !== undefined) {
      const condition = (value: string) => `tags @> ${value}::jsonb`;
      const lane = await this.tagLane(condition, JSON.stringify(tags), add);
      if (lane) return [lane];
    }
    if (name !== undefined) return Promise.all(endLanes(states).map((lane) => this.byName(lane, name)));
    if (owner !== undefined && states.includes('SUCCESS'))
      return [{ table: 'done', where: `owner = ${add(owner)}` }];
    return endLanes(states);
  }

  private async byName(lane: Lane, name: string): Promise<Lane> {
    const names = name.endsWith('*')
      ? await this.names(`${escapeLike(name.slice(0, -1))}%`, lane.where)
      : [name];
    return names.length > MAX_NAMES ? lane : { ...lane, names };
  }

  /** In names, in the groups of errors, in the values of tags; and in what has just happened. */
  private async searchLanes(search: string, states: TaskState[], add: Parameters): Promise<Lane[]> {
    const pattern = `%${escapeLike(search)}%`;
    const named = async (lane: Lane): Promise<Lane> => {
      const names = await this.names(pattern, lane.where);
      return { ...lane, names: names.slice(0, MAX_NAMES) };
    };
    const [byName, groups, tagged] = await Promise.all([
      Promise.all(endLanes(states).map(named)),
      this.dataSource.query<{ fingerprint: string }[]>(
        `SELECT fingerprint FROM ${this.tables.errorGroup} WHERE message ILIKE $1 OR error_name ILIKE $1 ORDER BY last_seen DESC LIMIT ${MAX_GROUPS}`,
        [pattern],
      ),
      this.tagLane((value) => `tags @@ ${value}::jsonpath`, `$.* == ${JSON.stringify(search)}`, add),
    ]);
    return [
      { table: 'done', extra: RECENT },
      ...byName,
      ...(groups.length > 0
        ? [
            this.groupLane(
              groups.map((group) => group.fingerprint),
              add,
            ),
          ]
        : []),
      ...(tagged ? [tagged] : []),
    ];
  }

  private groupLane(fingerprints: readonly string[], add: Parameters): Lane {
    const list = add(fingerprints, 'text[]');
    return {
      table: 'done',
      keys: (range, order, budget) => `
        SELECT e.id FROM unnest(${list}) f CROSS JOIN LATERAL (
          SELECT task_id AS id FROM ${this.tables.errorTask} WHERE fingerprint = f AND ${range.replaceAll(/\bid\b/g, 'task_id')}
          ORDER BY task_id ${order} LIMIT ${budget}) e ORDER BY e.id ${order} LIMIT ${budget}`,
    };
  }

  /** By the index of tags, which knows no order: only where few have them. */
  private async tagLane(
    condition: (value: string) => string,
    value: string,
    add: Parameters,
  ): Promise<Lane | undefined> {
    const { done } = this.tables;
    const [count] = await this.dataSource.query<{ n: number }[]>(
      `SELECT count(*)::int AS n FROM (SELECT FROM ${done} WHERE tags IS NOT NULL AND ${condition('$1')} LIMIT ${MAX_TAGGED + 1}) x`,
      [value],
    );
    if (count!.n > MAX_TAGGED) return undefined;
    const found = `tags IS NOT NULL AND ${condition(add(value, 'text'))}`;
    return {
      table: 'done',
      keys: (range, order, budget) => `
        WITH tagged AS MATERIALIZED (SELECT id FROM ${done} WHERE ${found})
        SELECT id FROM tagged WHERE ${range} ORDER BY id ${order} LIMIT ${budget}`,
    };
  }

  /** Of finished tasks, or of those that `where` means, by leaps through the index. */
  private async names(pattern: string, where = 'true'): Promise<string[]> {
    const { done } = this.tables;
    const rows = await this.dataSource.query<{ name: string }[]>(
      `WITH RECURSIVE n AS (
         (SELECT name FROM ${done} WHERE ${where} ORDER BY name LIMIT 1)
         UNION ALL
         SELECT (SELECT d.name FROM ${done} d WHERE ${where} AND d.name > n.name ORDER BY d.name LIMIT 1) FROM n WHERE n.name IS NOT NULL
       ) SELECT name FROM n WHERE name ILIKE $1`,
      [pattern],
    );
    return rows.map((row) => row.name);
  }
}

interface LaneRow {
  ids: string[];
  /** Where it has looked no further. */
  stopped: string | null;
}

const mayBeMany = ({ tags, error, parent, workflow }: TaskFilter) =>
  [tags, error, parent, workflow].every((value) => value === undefined);

/** Few end badly, and have indexes of their own. */
function endLanes(states: readonly TaskState[]): Lane[] {
  const final = states.filter(isFinal);
  if (final.includes('SUCCESS')) return [{ table: 'done' }];
  return final.map((state) => ({ table: 'done', where: `state = '${state}' AND ${ENDED}` }));
}

/** What runs is few, wherever it is among what waits: what a worker holds, and jobs of others, which none of ours does. */
function liveLanes(states: readonly TaskState[]): Lane[] {
  if (states.length > 1 || states[0] !== 'STARTED') return [{ table: 'task' }];
  return [
    { table: 'task', where: 'worker_id IS NOT NULL' },
    { table: 'task', where: 'ready_at IS NULL AND due_at IS NULL AND worker_id IS NULL' },
  ];
}

/** Rows of an index that is no primary key lie on a page each, which takes twenty times as long as rows side by side. */
function budgetOf({ extra, where, keys, names }: Lane, { limit, budget }: Wanted): number {
  const sparse = where !== undefined || keys !== undefined || names !== undefined;
  const all = Math.max(limit, sparse ? Math.ceil(budget / 20) : budget);
  return extra ?? (names ? Math.max(MIN_OF_NAME, Math.ceil(all / Math.max(1, names.length))) : all);
}

/** Up to where every lane has looked. */
function merge(rows: readonly LaneRow[], { limit, oldestFirst }: Wanted): IdPage {
  const sign = oldestFirst ? 1 : -1;
  const before = (a: string, b: string) => (a === b ? 0 : a < b ? -sign : sign);
  const horizon = rows.flatMap((row) => row.stopped ?? []).sort(before)[0];
  const found = [...new Set(rows.flatMap((row) => row.ids))].sort(before);
  const ids = (horizon === undefined ? found : found.filter((id) => before(id, horizon) <= 0)).slice(
    0,
    limit,
  );
  return { ids, next: ids.length === limit ? ids.at(-1)! : (horizon ?? null) };
}
