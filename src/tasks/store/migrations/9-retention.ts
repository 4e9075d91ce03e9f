import type { MigrationInterface, QueryRunner } from 'typeorm';
import { PARTITION_SETTINGS } from '../partitions.js';
import { createOnline, type OnlineIndex } from './online-index.js';

/** Finished rows by their end, for retention: rows of a batch share it, so the index is small and grows at one end. */
const INDEXES: readonly OnlineIndex[] = [
  { name: 'task_done_finished', table: 'task_done', on: '(finished_at)' },
  { name: 'error_task_task', table: 'error_task', on: '(task_id)' },
];

/**
 * What is swept at intervals, by whichever worker comes first; `upto` is how far one that goes by the ends of tasks has
 * come. Tables whose rows come and go are vacuumed by how many are dead, not by a share of a size that they once had.
 * It may be run again.
 */
const UP = `
CREATE TABLE IF NOT EXISTS __.sweep (
  name text PRIMARY KEY,
  next_at timestamptz NOT NULL DEFAULT '-infinity',
  taken_until timestamptz,
  upto timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);

DO $$ DECLARE child regclass; BEGIN
  FOR child IN SELECT inhrelid::regclass FROM pg_inherits
    WHERE inhparent IN ('__.task_done'::regclass, '__.payload'::regclass)
  LOOP EXECUTE format('ALTER TABLE %s SET (${PARTITION_SETTINGS})', child); END LOOP;
END $$;
ALTER TABLE __.attempt SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE __.edge SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE __.task_log SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE __.error_task SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE __.result_expiry SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
ALTER TABLE __.unique_key SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE __.outbox SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE __.task_gate SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
ALTER TABLE __.gate SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE __.task_statistic SET (autovacuum_vacuum_scale_factor = 0.02);
`;

const DOWN = `
DROP TABLE __.sweep;
DROP INDEX __.error_task_task;
DROP INDEX __.task_done_finished;
`;

export function retentionMigration(schema: string): new () => MigrationInterface {
  return class Retention1764900000000 implements MigrationInterface {
    readonly name = 'Retention1764900000000';
    /** Tables may be large and in use; the rest is one statement as the server sees it. */
    readonly transaction = false;

    async up(runner: QueryRunner): Promise<void> {
      for (const index of INDEXES) await createOnline(runner, schema, index);
      await runner.query(UP.replaceAll('__.', `"${schema}".`));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(DOWN.replaceAll('__.', `"${schema}".`));
    }
  };
}
