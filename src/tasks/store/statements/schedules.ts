import type { Statement } from '../database.js';
import type { Tables } from '../tables.js';

/** A schedule as it is stored; times in milliseconds. */
export interface ScheduleRow {
  readonly id: string;
  readonly name: string;
  readonly task: string;
  readonly enabled: boolean;
  readonly next: number | null;
  readonly revision: number;
  readonly last_task_id: string | null;
  readonly spec: unknown;
  /** What the code said last; null: an operator made it. */
  readonly code: unknown;
  readonly changes: unknown;
  readonly anchor: number;
  readonly created: number;
  readonly changed: number;
  readonly last_run: number | null;
  readonly total_run_count: number;
  readonly skipped_count: number;
  readonly last_error: string | null;
}

/** What a tick needs of a schedule that is due. */
export interface DueRow extends Pick<ScheduleRow, 'id' | 'name' | 'last_task_id' | 'spec' | 'anchor'> {
  readonly next: number;
  /** By the database's clock, in milliseconds. */
  readonly now: number;
}

const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;
const COLUMNS = `s.id, s.name, s.task, s.enabled, ${ms('s.next_at')} AS next, s.revision, s.last_task_id, s.spec, s.code, s.changes,
  ${ms('s.anchor_at')} AS anchor, floor(${ms('s.created_at')}) AS created, floor(${ms('s.changed_at')}) AS changed,
  ${ms('s.last_run_at')} AS last_run, s.total_run_count::float8, s.skipped_count::float8, s.last_error`;
const time = (parameter: string) => `to_timestamp(${parameter}::float8 / 1000)`;

/** What waits: ticks of schedules whose tick before is not over, and that queue them. */
const held = ({ task }: Tables) =>
  `(s.spec->>'overlap' IS NOT DISTINCT FROM 'queue' AND EXISTS (SELECT FROM ${task} t WHERE t.id = s.last_task_id))`;

/**
 * Locks up to $2 schedules that are due, of the tasks $1 (null: any), the oldest first, for this transaction. Who finds
 * them locked takes the next ones: any number of processes share the work.
 */
export function dueSchedules(tables: Tables): Statement {
  return {
    name: `${tables.schema}.due-schedules`,
    text: `
      SELECT s.id, s.name, s.last_task_id, s.spec, ${ms('s.anchor_at')} AS anchor, ${ms('s.next_at')} AS next,
        ${ms('now()')} AS now
      FROM ${tables.schedule} s
      WHERE s.enabled AND s.next_at <= now() AND ($1::text[] IS NULL OR s.task = ANY($1)) AND NOT ${held(tables)}
      ORDER BY s.next_at LIMIT $2 FOR UPDATE OF s SKIP LOCKED`,
  };
}

/** Which of the tasks $1 are not over: asked after their schedules are locked, so that no tick is overlooked. */
export function liveOf({ task, schema }: Tables): Statement {
  return { name: `${schema}.schedule-live-tasks`, text: `SELECT id FROM ${task} WHERE id = ANY($1::uuid[])` };
}

/**
 * Moves the locked schedules $1 on: $2 next tick (null: none, and disabled), $3 last task, $4 last tick, $5 how many
 * tasks were made, $6 how many ticks were skipped, $7 what went wrong. Nulls of $3 and $4 keep what is there.
 */
export function advanceSchedules({ schedule, schema }: Tables): Statement {
  return {
    name: `${schema}.advance-schedules`,
    text: `
      UPDATE ${schedule} s SET next_at = ${time('u.next')}, enabled = u.next IS NOT NULL,
        last_task_id = coalesce(u.task, s.last_task_id), last_run_at = coalesce(${time('u.ran')}, s.last_run_at),
        total_run_count = s.total_run_count + u.made, skipped_count = s.skipped_count + u.skipped, last_error = u.error
      FROM unnest($1::uuid[], $2::float8[], $3::uuid[], $4::float8[], $5::int[], $6::int[], $7::text[])
        u(id, next, task, ran, made, skipped, error)
      WHERE s.id = ANY(ARRAY[u.id])`,
  };
}

/** Milliseconds until a schedule of the tasks $1 is due, null without one; and whether ticks wait for tasks to end. */
export function nextSchedule(tables: Tables): Statement {
  const { schedule, schema } = tables;
  const known = '($1::text[] IS NULL OR s.task = ANY($1))';
  return {
    name: `${schema}.next-schedule`,
    text: `
      SELECT (SELECT ${ms('s.next_at - clock_timestamp()')} FROM ${schedule} s
          WHERE s.enabled AND s.next_at IS NOT NULL AND ${known} AND NOT (s.next_at <= now() AND ${held(tables)})
          ORDER BY s.next_at LIMIT 1) AS ms,
        EXISTS (SELECT FROM ${schedule} s WHERE s.enabled AND s.next_at <= now() AND ${known} AND ${held(tables)}) AS held`,
  };
}

/** The schedule with the id or, without one, the name $1. */
export function findSchedule({ schedule, schema }: Tables, by: 'id' | 'name'): Statement {
  return {
    name: `${schema}.schedule-by-${by}`,
    text: `SELECT ${COLUMNS} FROM ${schedule} s WHERE s.${by} = $1`,
  };
}

/** Up to $2 schedules by name, after $1: of the task $3, enabled or not $4, with $5 in their name or task; null: any. */
export function listSchedules({ schedule, schema }: Tables): Statement {
  return {
    name: `${schema}.list-schedules`,
    text: `SELECT ${COLUMNS} FROM ${schedule} s
      WHERE s.name > $1 AND ($3::text IS NULL OR s.task = $3) AND ($4::bool IS NULL OR s.enabled = $4)
        AND ($5::text IS NULL OR strpos(lower(s.name || ' ' || s.task), lower($5)) > 0)
      ORDER BY s.name LIMIT $2`,
  };
}

/** The schedules that the code has declared, and which of them it has not for $1 ms. */
export function codeSchedules({ schedule, schema }: Tables): Statement {
  return {
    name: `${schema}.code-schedules`,
    text: `SELECT ${COLUMNS}, s.declared_at < now() - $1 * interval '1 ms' AS forgotten
      FROM ${schedule} s WHERE s.code IS NOT NULL`,
  };
}

/** The code still declares the schedules named $1. */
export function declareSchedules({ schedule, schema }: Tables): Statement {
  return {
    name: `${schema}.declare-schedules`,
    text: `UPDATE ${schedule} SET declared_at = now() WHERE name = ANY($1::text[]) AND code IS NOT NULL`,
  };
}

/** The database's clock. */
export function scheduleClock({ schema }: Tables): Statement {
  return { name: `${schema}.schedule-clock`, text: `SELECT floor(${ms('clock_timestamp()')}) AS now` };
}

/** $10: an audit row's `by`; $11 its action, null for none; $12 its detail. */
const audited = ({ audit }: Tables, rows: string) => `
  INSERT INTO ${audit} (by, action, detail)
  SELECT $10, $11, jsonb_build_object('schedule', id, 'name', name) || coalesce($12::jsonb, '{}') FROM ${rows} WHERE $11::text IS NOT NULL`;

/** Inserts a schedule: $1 id, $2 name, $3 task, $4 enabled, $5 next tick, $6 spec, $7 code, $8 changes, $9 anchor. */
export function insertSchedule(tables: Tables): Statement {
  return {
    name: `${tables.schema}.insert-schedule`,
    text: `
      WITH s AS (
        INSERT INTO ${tables.schedule} (id, name, task, enabled, next_at, spec, code, changes, anchor_at, declared_at)
        VALUES ($1, $2, $3, $4, ${time('$5')}, $6, $7, $8, ${time('$9')}, CASE WHEN $7::jsonb IS NOT NULL THEN now() END)
        ON CONFLICT (name) DO NOTHING RETURNING *
      ), audited AS (${audited(tables, 's')})
      SELECT ${COLUMNS} FROM s`,
  };
}

/**
 * Changes the schedule $1 if its revision is still $13: $2 name, $3 task, $4 enabled, $6 spec, $7 code, $8 changes; and
 * where $14 is true the next tick, to $5. A tick may have come meanwhile: what it left stays.
 */
export function updateSchedule(tables: Tables): Statement {
  return {
    name: `${tables.schema}.update-schedule`,
    text: `
      WITH s AS (
        UPDATE ${tables.schedule} SET name = $2, task = $3, enabled = CASE WHEN $14::bool THEN $4 ELSE enabled END,
          next_at = CASE WHEN $14::bool THEN ${time('$5')} ELSE next_at END, spec = $6, code = $7, changes = $8,
          anchor_at = ${time('$9')}, revision = revision + 1, changed_at = now(), last_error = NULL
        WHERE id = $1 AND revision = $13 RETURNING *
      ), audited AS (${audited(tables, 's')})
      SELECT ${COLUMNS} FROM s`,
  };
}

/** Removes the schedule $1; $2 who, $3 what for the audit, null for none. */
export function removeSchedule({ schedule, audit, schema }: Tables): Statement {
  return {
    name: `${schema}.remove-schedule`,
    text: `
      WITH s AS (DELETE FROM ${schedule} WHERE id = $1 RETURNING *),
        audited AS (INSERT INTO ${audit} (by, action, detail)
          SELECT $2, $3, jsonb_build_object('schedule', id, 'name', name, 'spec', spec) FROM s WHERE $3::text IS NOT NULL)
      SELECT ${COLUMNS} FROM s`,
  };
}
