import type { DataSource, EntityManager, SelectQueryBuilder } from 'typeorm';
import { In } from 'typeorm';
import { Attempt } from './attempt.entity.js';
import { AuditEntry } from './audit-entry.entity.js';
import { ARGS_IN_PAYLOAD, PAYLOAD_ARGS, RESULT_IN_PAYLOAD } from './columns.js';
import { FINAL_STATES, type TaskState } from './states.js';
import type { Tables } from './tables.js';
import { TaskRow } from './task-record.entity.js';
import { WorkerRow } from './worker.entity.js';

export interface TaskFilter {
  state?: TaskState | readonly TaskState[] | undefined;
  name?: string | undefined;
  queue?: string | undefined;
  owner?: string | undefined;
  /** Every one of these tags must be there with this value. */
  tags?: Readonly<Record<string, string>> | undefined;
}

/** Counting stops here: exact figures of large tables cost more than they tell. */
export const COUNT_CAP = 10_000;

/** Everything that is read and not moved, through TypeORM. */
export class TaskReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tables: Tables,
  ) {}

  async find(id: string): Promise<TaskRow | undefined> {
    return (await this.findMany([id]))[0];
  }

  /** In no order; unknown ids are missing. */
  async findMany(ids: readonly string[]): Promise<TaskRow[]> {
    const rows = await this.dataSource.getRepository(TaskRow).findBy({ id: In([...ids]) });
    await this.loadPayloads(this.dataSource.manager, rows);
    return rows;
  }

  /** Newest first, without arguments and results; `after` is the last id of the page before. */
  list(filter: TaskFilter, limit: number, after?: string): Promise<TaskRow[]> {
    const query = this.dataSource
      .getRepository(TaskRow)
      .createQueryBuilder('t')
      .select(LISTED.map((column) => `t.${column}`))
      .orderBy('t.id', 'DESC')
      .limit(limit);
    if (after !== undefined) query.andWhere('t.id < :after', { after });
    applyFilter(query, filter);
    return query.getMany();
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
  if (filter.name !== undefined) query.andWhere('t.name = :name', { name: filter.name });
  if (filter.queue !== undefined) query.andWhere('t.queue = :queue', { queue: filter.queue });
  if (filter.owner !== undefined) query.andWhere('t.owner = :owner', { owner: filter.owner });
  if (filter.tags !== undefined)
    query.andWhere('t.tags @> :tags::jsonb', { tags: JSON.stringify(filter.tags) });
}
