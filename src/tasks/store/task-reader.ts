import type { DataSource, EntityManager } from 'typeorm';
import { In, LessThan } from 'typeorm';
import { Attempt } from './attempt.entity.js';
import { AuditEntry } from './audit-entry.entity.js';
import { ARGS_IN_PAYLOAD, PAYLOAD_ARGS, RESULT_IN_PAYLOAD } from './columns.js';
import { FINAL_STATES, TASK_STATES, type TaskState } from './states.js';
import { liveByState } from './statements/gauges.js';
import type { Tables } from './tables.js';
import type { TaskFilter } from './task-filter.js';
import { TaskRow } from './task-record.entity.js';
import { TaskSearch, type IdPage } from './task-search.js';
import { WorkerRow } from './worker.entity.js';

/** Oldest or newest first. */
export type TaskSort = 'createdAt' | '-createdAt';

export interface TaskPage {
  limit: number;
  /** The last id of the page before. */
  after?: string | undefined;
  /** Default '-createdAt'. */
  sort?: TaskSort | undefined;
  /** What lists otherwise leave out. */
  include?: readonly ('args' | 'result')[] | undefined;
}

/** Counting stops here: exact figures of large tables cost more than they tell. */
export const COUNT_CAP = 10_000;
/** How many rows are looked at: few, and when these do not fill the page, as many as take a few hundredths of a second. */
const BUDGETS = [400, 3000, 30_000];
const COUNT_ROUNDS = 20;

/** Everything that is read and not moved, through TypeORM. */
export class TaskReader {
  private readonly search: TaskSearch;

  constructor(
    private readonly dataSource: DataSource,
    private readonly tables: Tables,
  ) {
    this.search = new TaskSearch(dataSource, tables);
  }

  /** @param owner whose it must be, if that matters */
  async find(id: string, owner?: string): Promise<TaskRow | undefined> {
    const row = await this.dataSource
      .getRepository(TaskRow)
      .findOneBy(owner === undefined ? { id } : { id, owner });
    if (row) await this.loadPayloads(this.dataSource.manager, [row]);
    return row ?? undefined;
  }

  /** In no order; unknown ids are missing. */
  async findMany(ids: readonly string[]): Promise<TaskRow[]> {
    const rows = await this.dataSource.getRepository(TaskRow).findBy({ id: In([...ids]) });
    await this.loadPayloads(this.dataSource.manager, rows);
    return rows;
  }

  /**
   * Ids order tasks by their submission, so pages go by id. Arguments and results only when asked for. A filter that
   * no index answers is applied to so many rows: then the page may be short, and `next` says where to go on.
   */
  async list(
    filter: TaskFilter,
    { limit, after, sort, include = [] }: TaskPage,
  ): Promise<{ rows: TaskRow[]; next: string | null }> {
    const { ids, next } = await this.ids(filter, { limit, after, sort });
    if (ids.length === 0) return { rows: [], next };
    const rows = await this.briefly(ids, include);
    if (include.length > 0) await this.loadPayloads(this.dataSource.manager, rows);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return { rows: ids.flatMap((id) => byId.get(id) ?? []), next };
  }

  /** As in a list, in no order; unknown ids are missing. */
  briefly(ids: readonly string[], include: readonly ('args' | 'result')[] = []): Promise<TaskRow[]> {
    return this.dataSource
      .getRepository(TaskRow)
      .createQueryBuilder('t')
      .select([...LISTED, ...include].map((column) => `t.${column}`))
      .where('t.id = ANY(:ids)', { ids })
      .getMany();
  }

  /** The ids of a page. @param limit up to {@link COUNT_CAP} */
  async ids(
    filter: TaskFilter,
    { limit, after, sort }: Pick<TaskPage, 'limit' | 'after' | 'sort'>,
  ): Promise<IdPage> {
    const page = { limit, after, oldestFirst: sort === 'createdAt' };
    for (const [i, budget] of BUDGETS.entries()) {
      const found = await this.search.page(filter, { ...page, budget, plain: i === 0 });
      if (found.ids.length === limit || found.next === null || budget === BUDGETS.at(-1)) return found;
    }
    throw new Error('there is always a last budget');
  }

  async attempts(taskId: string): Promise<(Attempt & { worker: string | null })[]> {
    const attempts = await this.dataSource
      .getRepository(Attempt)
      .find({ where: { taskId }, order: { dispatch: 'ASC' } });
    const ids = [...new Set(attempts.flatMap((attempt) => attempt.workerId ?? []))];
    const workers = await this.dataSource
      .getRepository(WorkerRow)
      .find({ where: { id: In(ids) }, select: { id: true, name: true } });
    const names = new Map(workers.map((worker) => [worker.id, worker.name]));
    return attempts.map((attempt) =>
      Object.assign(attempt, { worker: names.get(attempt.workerId ?? '') ?? null }),
    );
  }

  audit(taskId: string): Promise<AuditEntry[]> {
    return this.dataSource.getRepository(AuditEntry).find({ where: { taskId }, order: { id: 'ASC' } });
  }

  /** How many tasks fit, counted up to {@link COUNT_CAP} and one more. */
  async count(filter: TaskFilter): Promise<number> {
    let [n, after]: [number, string | undefined] = [0, undefined];
    for (let round = 0; round < COUNT_ROUNDS && n <= COUNT_CAP; round++) {
      const { ids, next } = await this.ids(filter, { limit: COUNT_CAP + 1 - n, after });
      n += ids.length;
      if (next === null) break;
      after = next;
    }
    return n;
  }

  /**
   * How many tasks are in each state, each count stopping at {@link COUNT_CAP}. Of what waits in one index it looks
   * at no more either: where very many are ready, how many of them are retries is not known to the last.
   */
  async counts(): Promise<Record<TaskState, number>> {
    const { done } = this.tables;
    const finished = FINAL_STATES.map((state) => {
      const indexed = state === 'SUCCESS' ? '' : ` AND state IN ('FAILURE', 'REVOKED')`;
      return `SELECT '${state}', (SELECT count(*)::int FROM (SELECT FROM ${done} WHERE state = '${state}'${indexed} LIMIT ${COUNT_CAP}) x)`;
    });
    const rows = await this.dataSource.query<{ state: TaskState; n: number }[]>(
      [liveByState(this.tables, COUNT_CAP), ...finished].join(' UNION ALL '),
    );
    const counts = Object.fromEntries(TASK_STATES.map((state) => [state, 0])) as Record<TaskState, number>;
    for (const { state, n } of rows) counts[state] = Math.min(COUNT_CAP, counts[state] + n);
    return counts;
  }

  /** What operators did, newest first. @param before an entry's id */
  async auditTrail({
    limit,
    before,
    taskId,
  }: {
    limit: number;
    before?: string | undefined;
    taskId?: string | undefined;
  }): Promise<AuditEntry[]> {
    return this.dataSource.getRepository(AuditEntry).find({
      where: {
        ...(before !== undefined && { id: LessThan(before) }),
        ...(taskId !== undefined && { taskId }),
      },
      order: { id: 'DESC' },
      take: limit,
    });
  }

  private async loadPayloads(manager: EntityManager, rows: TaskRow[]): Promise<void> {
    const large = new Map(
      rows.filter((row) => row.codec & (ARGS_IN_PAYLOAD | RESULT_IN_PAYLOAD)).map((row) => [row.id, row]),
    );
    if (large.size === 0) return;
    const payloads = await manager.query<{ task_id: string; kind: number; text: string }[]>(
      `SELECT task_id, kind, convert_from(data, 'UTF8') AS text FROM ${this.tables.payload} WHERE task_id = ANY($1::uuid[])`,
      [[...large.keys()]],
    );
    for (const { task_id, kind, text } of payloads) {
      const row = large.get(task_id)!;
      if (kind === PAYLOAD_ARGS) row.args = JSON.parse(text) as unknown[];
      else row.result = JSON.parse(text);
    }
  }
}

/** Lists never select arguments and results. */
const LISTED = [
  'id',
  'name',
  'queue',
  'state',
  'priority',
  'attempt',
  'retries',
  'crashes',
  'dispatch',
  'codec',
  'owner',
  'tags',
  'options',
  'progress',
  'error',
  'worker',
  'rootId',
  'parentId',
  'groupId',
  'workflowId',
  'createdAt',
  'dueAt',
  'startedAt',
  'finishedAt',
  'expiresAt',
  'revokeAt',
] as const;
