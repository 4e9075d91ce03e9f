import type { DataSource } from 'typeorm';
import type { Database } from './database.js';
import type { Tables } from './tables.js';
import { escapeLike } from './task-filter.js';

/** Failures of one cause. */
export interface ErrorGroup {
  fingerprint: string;
  /** The task's name. */
  name: string;
  errorName: string;
  /** What the messages have in common. */
  message: string;
  /** Where in the application's code it was thrown. */
  frame: string | null;
  /** How often, also when it was tried again since. */
  count: number;
  firstSeen: string;
  lastSeen: string;
  /** One of the tasks. */
  sampleId: string;
}

/** New failures of one cause. */
export interface Failures {
  readonly fingerprint: string;
  readonly name: string;
  readonly errorName: string;
  readonly message: string;
  readonly frame: string | null;
  readonly ids: readonly string[];
}

/** Failures in groups, and which task is in which. */
export class ErrorStore {
  constructor(
    private readonly database: Database,
    private readonly dataSource: DataSource,
    private readonly tables: Tables,
  ) {}

  /** One statement, in one order, so that two processes lock rows alike. */
  async add(failures: readonly Failures[]): Promise<void> {
    const { errorGroup, errorTask, schema } = this.tables;
    const sorted = [...failures].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
    const members = sorted.flatMap(({ fingerprint, ids }) => ids.map((id) => [fingerprint, id] as const));
    await this.database.run(
      {
        name: `${schema}.add-errors`,
        text: `
          WITH members AS (
            INSERT INTO ${errorTask} (fingerprint, task_id) SELECT * FROM unnest($8::text[], $9::uuid[]) ON CONFLICT DO NOTHING
          )
          INSERT INTO ${errorGroup} AS g (fingerprint, name, error_name, message, frame, count, sample_id, first_seen, last_seen)
          SELECT u.*, now(), now() FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::uuid[]) u
          ON CONFLICT (fingerprint) DO UPDATE SET count = g.count + excluded.count, last_seen = excluded.last_seen, sample_id = excluded.sample_id`,
      },
      [
        sorted.map((each) => each.fingerprint),
        sorted.map((each) => each.name),
        sorted.map((each) => each.errorName),
        sorted.map((each) => each.message),
        sorted.map((each) => each.frame),
        sorted.map((each) => each.ids.length),
        sorted.map((each) => each.ids.at(-1)),
        members.map(([fingerprint]) => fingerprint),
        members.map(([, id]) => id),
      ],
    );
  }

  /** Of these tasks the failed ones with their errors. */
  failed(
    ids: readonly string[],
  ): Promise<{ id: string; name: string; error: { name: string; message: string } }[]> {
    return this.dataSource.query(
      `SELECT id, name, error FROM ${this.tables.done} WHERE id = ANY($1::uuid[]) AND state = 'FAILURE' AND error IS NOT NULL`,
      [ids],
    );
  }

  /** Seen last first. @param search a part of the task's name, or of the error's name or message */
  async groups({
    search,
    name,
    since,
    limit,
  }: {
    search?: string | undefined;
    name?: string | undefined;
    since?: Date | undefined;
    limit: number;
  }): Promise<ErrorGroup[]> {
    const rows = await this.dataSource.query<GroupRow[]>(
      `SELECT fingerprint, name, error_name, message, frame, count, first_seen, last_seen, sample_id FROM ${this.tables.errorGroup}
       WHERE ($1::text IS NULL OR message ILIKE $1 OR error_name ILIKE $1 OR name ILIKE $1) AND ($2::text IS NULL OR name = $2)
         AND ($3::timestamptz IS NULL OR last_seen >= $3)
       ORDER BY last_seen DESC LIMIT $4`,
      [search === undefined ? null : `%${escapeLike(search)}%`, name ?? null, since ?? null, limit],
    );
    return rows.map((row) => ({
      fingerprint: row.fingerprint,
      name: row.name,
      errorName: row.error_name,
      message: row.message,
      frame: row.frame,
      count: Number(row.count),
      firstSeen: row.first_seen.toISOString(),
      lastSeen: row.last_seen.toISOString(),
      sampleId: row.sample_id,
    }));
  }
}

interface GroupRow {
  fingerprint: string;
  name: string;
  error_name: string;
  message: string;
  frame: string | null;
  count: string;
  first_seen: Date;
  last_seen: Date;
  sample_id: string;
}
