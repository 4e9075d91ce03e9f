import type { NewTask } from '../store/new-task.js';
import type { ScheduleStorage } from '../schedule/schedule-storage.js';
import type {
  ScheduleListing,
  ScheduleRow,
  ScheduleWrite,
  Tick,
  Ticked,
  DueSchedule,
} from '../store/schedule-store.js';
import { isFinal } from '../store/states.js';
import type { FakeClock } from './fake-clock.js';
import type { MemoryStore } from './memory-store.js';

/** The schedules of a test, by the rules of the database's statements. */
export class MemorySchedules implements ScheduleStorage {
  private readonly rows = new Map<string, ScheduleRow>();

  constructor(
    private readonly clock: FakeClock,
    private readonly tasks: MemoryStore,
  ) {}

  async now(): Promise<number> {
    return this.clock.now().getTime();
  }

  async tick(
    _known: readonly string[] | null,
    limit: number,
    plan: (due: readonly DueSchedule[]) => Promise<readonly Tick[]>,
  ): Promise<Ticked> {
    const now = await this.now();
    const due = this.enabled()
      .filter((row) => row.next <= now && !(isQueueing(row) && this.isLive(row)))
      .slice(0, limit)
      .map((row) => ({ ...row, now, live: this.isLive(row) }));
    const ticks = await plan(due);
    const made: NewTask[] = [];
    for (const tick of ticks) {
      const { ids } = await this.tasks.insertUnique(tick.tasks);
      const stored = tick.tasks.filter((task, i) => ids[i] === task.id);
      made.push(...stored);
      const row = this.rows.get(tick.schedule.id)!;
      this.rows.set(row.id, {
        ...row,
        next: tick.next,
        enabled: tick.next !== null,
        last_task_id: ids.at(-1) ?? row.last_task_id,
        last_run: tick.ran ?? row.last_run,
        total_run_count: row.total_run_count + stored.length,
        skipped_count: row.skipped_count + tick.skipped + tick.tasks.length - stored.length,
        last_error: tick.error,
      });
    }
    return { due: due.length, tasks: made, outbox: [], replaced: [] };
  }

  async nextDue(): Promise<{ ms: number | null; held: boolean }> {
    const now = await this.now();
    const held = (row: ScheduleRow) => row.next! <= now && isQueueing(row) && this.isLive(row);
    const free = this.enabled().filter((row) => !held(row));
    return { ms: free[0] ? free[0].next - now : null, held: free.length < this.enabled().length };
  }

  async find(by: 'id' | 'name', value: string): Promise<ScheduleRow | undefined> {
    return this.all().find((row) => row[by] === value);
  }

  async list(
    { task, enabled, search }: ScheduleListing,
    after: string,
    limit: number,
  ): Promise<ScheduleRow[]> {
    return this.all()
      .filter(
        (row) =>
          row.name > after && (task ?? row.task) === row.task && (enabled ?? row.enabled) === row.enabled,
      )
      .filter((row) => `${row.name} ${row.task}`.toLowerCase().includes((search ?? '').toLowerCase()))
      .slice(0, limit);
  }

  async ofCode(): Promise<(ScheduleRow & { forgotten: boolean })[]> {
    return this.all().flatMap((row) => (row.code === null ? [] : [{ ...row, forgotten: false }]));
  }

  async insert(write: ScheduleWrite): Promise<ScheduleRow | undefined> {
    if (await this.find('name', write.name)) return undefined;
    const now = await this.now();
    const counts = {
      total_run_count: 0,
      skipped_count: 0,
      last_run: null,
      last_task_id: null,
      last_error: null,
    };
    return this.put({ ...write, ...counts, revision: 1, created: now, changed: now });
  }

  async update(
    write: ScheduleWrite,
    { revision, retimed }: { revision: number; retimed: boolean },
  ): Promise<ScheduleRow | undefined> {
    const row = this.rows.get(write.id);
    if (row?.revision !== revision) return undefined;
    const { enabled, next } = retimed ? write : row;
    const changed = { revision: revision + 1, changed: await this.now(), last_error: null };
    return this.put({ ...row, ...write, enabled, next, ...changed });
  }

  async remove(id: string): Promise<ScheduleRow | undefined> {
    const row = this.rows.get(id);
    this.rows.delete(id);
    return row;
  }

  async declare(): Promise<void> {}
  async note(): Promise<void> {}

  private put(row: ScheduleRow): ScheduleRow {
    this.rows.set(row.id, row);
    return row;
  }

  private all(): ScheduleRow[] {
    return [...this.rows.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Those that tick, the next one first. */
  private enabled() {
    const ticking = this.all().filter(
      (row): row is ScheduleRow & { next: number } => row.enabled && row.next !== null,
    );
    return ticking.sort((a, b) => a.next - b.next);
  }

  private isLive({ last_task_id }: ScheduleRow): boolean {
    const row = this.tasks.rows.get(last_task_id ?? '');
    return row !== undefined && !isFinal(row.state);
  }
}

const isQueueing = ({ spec }: ScheduleRow) => (spec as { overlap?: string }).overlap === 'queue';
