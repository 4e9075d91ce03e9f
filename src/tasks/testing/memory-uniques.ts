import type { UniqueClaim } from '../definition/unique.js';
import { UniqueConflictError } from '../errors.js';
import type { NewTask } from '../store/new-task.js';
import { isFinal } from '../store/states.js';
import type { MemoryRow } from './memory-row.js';

interface Hold {
  readonly id: string;
  /** Until when, in ms since 1970; null: as long as its task keeps others out. */
  readonly until: number | null;
}

export interface MemoryClaims {
  /** One for each task: its own, or that of the task that keeps it out. */
  readonly ids: string[];
  readonly replaced: MemoryRow[];
}

/** Which task keeps others of the same out, by the rules of the database's statements. */
export class MemoryUniques {
  private readonly holds = new Map<string, Hold>();

  constructor(private readonly rows: ReadonlyMap<string, MemoryRow>) {}

  /** For all or none. @throws UniqueConflictError */
  claim(tasks: readonly NewTask[], now: number): MemoryClaims {
    const taken = new Map<string, Hold>();
    const replaced: MemoryRow[] = [];
    const ids = tasks.map(({ id, unique }) => {
      if (!unique) return id;
      const key = unique.key.toString('hex');
      const before = taken.get(key);
      const holder = this.holder(unique, before ?? this.holds.get(key), before !== undefined, now, replaced);
      if (holder !== undefined) return holder;
      taken.set(key, { id, until: unique.periodMs === null ? null : now + unique.periodMs });
      return id;
    });
    for (const [key, hold] of taken) this.holds.set(key, hold);
    return { ids, replaced };
  }

  clear(): void {
    this.holds.clear();
  }

  /** @param together whether both are submitted at once: then the first is not there yet */
  private holder(
    { until, onConflict }: UniqueClaim,
    hold: Hold | undefined,
    together: boolean,
    now: number,
    replaced: MemoryRow[],
  ): string | undefined {
    if (!hold) return undefined;
    const row = this.rows.get(hold.id);
    const live = row && !isFinal(row.state) ? row : undefined;
    const byTask = live !== undefined && (until === 'finished' || live.startedAt === null);
    const keepsOut = together || (until === 'period' ? (hold.until ?? now) > now : byTask);
    if (!keepsOut) return undefined;
    if (onConflict === 'refuse') throw new UniqueConflictError(hold.id);
    if (onConflict === 'existing' || !live || live.running) return hold.id;
    replaced.push(live);
    return undefined;
  }
}
