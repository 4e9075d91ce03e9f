import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a schedule needs beside its `spec`, which is `code` (what `@Schedule` said last; NULL for one that an operator
 * made) with the operators' `changes` over it. Intervals are counted from `anchor_at`.
 */
const UP = `
ALTER TABLE __.schedule
  ADD COLUMN task text NOT NULL,
  ADD COLUMN code jsonb,
  ADD COLUMN changes jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN anchor_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  ADD COLUMN created_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN declared_at timestamptz,
  ADD COLUMN last_run_at timestamptz,
  ADD COLUMN total_run_count bigint NOT NULL DEFAULT 0,
  ADD COLUMN skipped_count bigint NOT NULL DEFAULT 0,
  ADD COLUMN last_error text,
  SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
`;

const DOWN = `
ALTER TABLE __.schedule
  DROP COLUMN task, DROP COLUMN code, DROP COLUMN changes, DROP COLUMN anchor_at, DROP COLUMN created_at,
  DROP COLUMN changed_at, DROP COLUMN declared_at, DROP COLUMN last_run_at, DROP COLUMN total_run_count,
  DROP COLUMN skipped_count, DROP COLUMN last_error,
  RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
`;

export function schedulesMigration(schema: string): new () => MigrationInterface {
  return class Schedules1764200000000 implements MigrationInterface {
    readonly name = 'Schedules1764200000000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(UP.replaceAll('__.', `"${schema}".`));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(DOWN.replaceAll('__.', `"${schema}".`));
    }
  };
}
