import type { DataSource, EntityManager, SelectQueryBuilder } from 'typeorm';
import { In } from 'typeorm';
import { Attempt } from './attempt.entity.js';
import { AuditEntry } from './audit-entry.entity.js';
import { ARGS_IN_PAYLOAD, PAYLOAD_ARGS, RESULT_IN_PAYLOAD } from './columns.js';
import { FINAL_STATES, type TaskState } from './states.js';
import { lowestId } from './partitions.js';
import type { Tables } from './tables.js';
import { TaskRow } from './task-record.entity.js';
import { WorkerRow } from './worker.entity.js';

export interface TaskFilter {
  state?: TaskState | readonly TaskState[] | undefined;
  /** Exactly, or its beginning with `*` at the end: `email.*`. */
  name?: string | undefined;
  queue?: string | undefined;
  owner?: string | undefined;
  /** Every one of these tags must be there with this value. */
  tags?: Readonly<Record<string, string>> | undefined;
  /** The name of the worker that holds it, or held it last. */
  worker?: string | undefined;
  /** Submitted at this time or later. */
  from?: Date | undefined;
  /** Submitted before this time. */
  to?: Date | undefined;
  /** A part of its name or of its error's message, or its id. */
  search?: string | undefined;
}

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

/** Everything that is read and not moved, through TypeORM. */
export class TaskReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tables: Tables,
  ) {}

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

  /** Ids order tasks by their submission, so pages go by id. Arguments and results only when asked for. */
  async list(filter: TaskFilter, { limit, after, sort, include = [] }: TaskPage): Promise<TaskRow[]> {
    const oldestFirst = sort === 'createdAt';
    const query = this.dataSource
      .getRepository(TaskRow)
      .createQueryBuilder('t')
      .select([...LISTED, ...include].map((column) => `t.${column}`))
      .orderBy('t.id', oldestFirst ? 'ASC' : 'DESC')
      .limit(limit);
    if (after !== undefined) query.andWhere(oldestFirst ? 't.id > :after' : 't.id < :after', { after });
    applyFilter(query, filter);
    const rows = await query.getMany();
    if (include.length > 0) await this.loadPayloads(this.dataSource.manager, rows);
    return rows;
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

  /** How many tasks are in each state, each count stopping at {@link COUNT_CAP}. */
  async counts(): Promise<Record<TaskState, number>> {
    const { task, done } = this.tables;
    const parts = (['WAITING', 'PENDING', 'STARTED', 'RETRY', ...FINAL_STATES] as const).map((state) => {
      const table = (FINAL_STATES as readonly string[]).includes(state) ? done : task;
      return `SELECT '${state}' AS state, (SELECT count(*)::int FROM (SELECT FROM ${table} WHERE state = '${state}' LIMIT ${COUNT_CAP}) x) AS n`;
    });
    const rows = await this.dataSource.query<{ state: TaskState; n: number }[]>(parts.join(' UNION ALL '));
    return Object.fromEntries(rows.map((row) => [row.state, row.n])) as Record<TaskState, number>;
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
  'createdAt',
  'dueAt',
  'startedAt',
  'finishedAt',
  'expiresAt',
  'revokeAt',
] as const;

function applyFilter(query: SelectQueryBuilder<TaskRow>, filter: TaskFilter): void {
  if (filter.state !== undefined)
    query.andWhere('t.state IN (:...states)', { states: [filter.state].flat() });
  if (filter.name?.endsWith('*'))
    query.andWhere('t.name LIKE :name', { name: `${escapeLike(filter.name.slice(0, -1))}%` });
  else if (filter.name !== undefined) query.andWhere('t.name = :name', { name: filter.name });
  if (filter.queue !== undefined) query.andWhere('t.queue = :queue', { queue: filter.queue });
  if (filter.worker !== undefined) query.andWhere('t.worker = :worker', { worker: filter.worker });
  if (filter.from !== undefined) query.andWhere('t.id >= :from', { from: lowestId(filter.from.getTime()) });
  if (filter.to !== undefined) query.andWhere('t.id < :to', { to: lowestId(filter.to.getTime()) });
  if (filter.search !== undefined)
    query.andWhere(
      `(t.name ILIKE :search OR t.error->>'message' ILIKE :search OR t.id::text = lower(:searched))`,
      {
        search: `%${escapeLike(filter.search)}%`,
        searched: filter.search,
      },
    );
  if (filter.owner !== undefined) query.andWhere('t.owner = :owner', { owner: filter.owner });
  if (filter.tags !== undefined)
    query.andWhere('t.tags @> :tags::jsonb', { tags: JSON.stringify(filter.tags) });
}

/** A text that LIKE takes as it is. */
export const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&');
