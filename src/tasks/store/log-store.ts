import type { DataSource } from 'typeorm';
import type { Database } from './database.js';
import type { Tables } from './tables.js';

export const LOG_LEVELS = ['debug', 'log', 'warn', 'error'] as const;
/** The levels of a task's log, as Nest's logger has them. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A line that a task logged. */
export interface LogLine {
  /** ISO 8601 in UTC, by the worker's clock. */
  at: string;
  level: LogLevel;
  message: string;
  attempt: number;
  /** Counts the lines of an attempt, from 1. */
  line: number;
}

export interface NewLogLine extends LogLine {
  readonly taskId: string;
}

/** The lines that tasks log. */
export class LogStore {
  constructor(
    private readonly database: Database,
    private readonly dataSource: DataSource,
    private readonly tables: Tables,
  ) {}

  async add(lines: readonly NewLogLine[]): Promise<void> {
    await this.database.run(
      {
        name: `${this.tables.schema}.add-log`,
        text: `
          INSERT INTO ${this.tables.log} (task_id, attempt, line, at, level, message)
          SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::int[], $4::timestamptz[], $5::text[], $6::text[]) ON CONFLICT DO NOTHING`,
      },
      [
        lines.map((line) => line.taskId),
        lines.map((line) => line.attempt),
        lines.map((line) => line.line),
        lines.map((line) => line.at),
        lines.map((line) => line.level),
        lines.map((line) => line.message),
      ],
    );
  }

  /** Oldest first. */
  async of(taskId: string): Promise<LogLine[]> {
    const rows = await this.dataSource.query<(Omit<LogLine, 'at'> & { at: Date })[]>(
      `SELECT at, level, message, attempt, line FROM ${this.tables.log} WHERE task_id = $1 ORDER BY attempt, line LIMIT 10000`,
      [taskId],
    );
    return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
  }
}
