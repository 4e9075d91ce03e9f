import { TASK_STATES, type TaskState } from '../store/states.js';
import type { TaskFilter } from '../store/task-filter.js';
import type { TaskPage } from '../store/task-reader.js';
import type { TaskRow } from '../store/task-record.entity.js';
import type { ServiceReader } from '../submission/service-storage.js';
import { fitsFilter } from './fits-filter.js';
import type { MemoryRow } from './memory-row.js';

/** What is asked about the rows of a test. */
export class MemoryReader implements ServiceReader {
  constructor(private readonly rows: ReadonlyMap<string, MemoryRow>) {}

  async find(id: string, owner?: string): Promise<TaskRow | undefined> {
    const row = this.rows.get(id);
    return row && (owner === undefined || row.owner === owner) ? row : undefined;
  }

  async findMany(ids: readonly string[]): Promise<TaskRow[]> {
    return ids.flatMap((id) => this.rows.get(id) ?? []);
  }

  async briefly(ids: readonly string[]): Promise<TaskRow[]> {
    return this.findMany(ids);
  }

  async list(filter: TaskFilter, { limit, after, sort }: TaskPage) {
    const rows = [...this.rows.values()].filter((row) => fitsFilter(row, filter));
    rows.sort((a, b) => (a.id < b.id ? -1 : 1));
    if (sort !== 'createdAt') rows.reverse();
    const isBehind = ({ id }: MemoryRow) =>
      after === undefined || (sort === 'createdAt' ? id > after : id < after);
    const page = rows.filter(isBehind).slice(0, limit);
    return { rows: page, next: page.length === limit ? page.at(-1)!.id : null };
  }

  async ids(filter: TaskFilter, page: TaskPage) {
    const { rows, next } = await this.list(filter, page);
    return { ids: rows.map((row) => row.id), next };
  }

  async count(filter: TaskFilter): Promise<number> {
    return [...this.rows.values()].filter((row) => fitsFilter(row, filter)).length;
  }

  async attempts(id: string) {
    return this.rows.get(id)?.attempts ?? [];
  }

  async audit(id: string) {
    return this.rows.get(id)?.audit ?? [];
  }

  async counts(): Promise<Record<TaskState, number>> {
    const counts = Object.fromEntries(TASK_STATES.map((state) => [state, 0])) as Record<TaskState, number>;
    for (const { state } of this.rows.values()) counts[state]++;
    return counts;
  }
}
