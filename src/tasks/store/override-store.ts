import type { TaskOverride } from '../definition/task-overrides.js';
import type { Database } from './database.js';
import { overrideRate, overrideTimeLimits, readOverrides } from './statements/overrides.js';
import { noteAction } from './statements/purge.js';
import type { Tables } from './tables.js';

interface OverrideRow {
  task: string;
  rate: number | null;
  burst: number | null;
  soft_time_limit_ms: number | null;
  time_limit_ms: number | null;
}

/** What operators changed of tasks: for every process, those that start later too. */
export class OverrideStore {
  private readonly statements;

  constructor(
    private readonly database: Database,
    tables: Tables,
  ) {
    this.statements = {
      read: readOverrides(tables),
      rate: overrideRate(tables),
      timeLimits: overrideTimeLimits(tables),
      note: noteAction(tables),
    };
  }

  async read(): Promise<TaskOverride[]> {
    const rows = await this.database.run<OverrideRow>(this.statements.read, []);
    return rows.map((row) => ({
      task: row.task,
      rate: row.rate ?? undefined,
      burst: row.burst ?? undefined,
      softTimeLimitMs: row.soft_time_limit_ms ?? undefined,
      timeLimitMs: row.time_limit_ms ?? undefined,
    }));
  }

  async setRate({ task, rate, burst }: TaskOverride, by: string | null): Promise<void> {
    const { rate: statement, note } = this.statements;
    await this.database.transaction(async (runner) => {
      await runner.run(statement, [task, rate ?? null, burst ?? null, by]);
      await runner.run(note, [
        by,
        'rate_limit',
        JSON.stringify({ task, rate: rate ?? null, burst: burst ?? null }),
      ]);
    });
  }

  async setTimeLimits(
    { task, softTimeLimitMs, timeLimitMs }: TaskOverride,
    by: string | null,
  ): Promise<void> {
    const limits = { soft: softTimeLimitMs ?? null, hard: timeLimitMs ?? null };
    await this.database.transaction(async (runner) => {
      await runner.run(this.statements.timeLimits, [task, limits.soft, limits.hard, by]);
      await runner.run(this.statements.note, [by, 'time_limit', JSON.stringify({ task, ...limits })]);
    });
  }
}
