import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createOnline, type OnlineIndex } from './online-index.js';

/**
 * What pages find tasks by. Those of live tasks hold few rows: children, and tasks that neither are ready, run, nor are
 * due. `task_done_ended` answers which names have failed, and which tasks of a name.
 */
const INDEXES: readonly OnlineIndex[] = [
  {
    name: 'task_held',
    table: 'task',
    on: '(id) WHERE ready_at IS NULL AND due_at IS NULL AND worker_id IS NULL',
  },
  { name: 'task_parent', table: 'task', on: '(parent_id, id) WHERE parent_id IS NOT NULL' },
  { name: 'task_done_parent', table: 'task_done', on: '(parent_id, id) WHERE parent_id IS NOT NULL' },
  { name: 'task_done_owner', table: 'task_done', on: '(owner, id) WHERE owner IS NOT NULL' },
  { name: 'task_done_tags', table: 'task_done', on: 'USING gin (tags) WHERE tags IS NOT NULL' },
  {
    name: 'task_done_ended',
    table: 'task_done',
    on: `(state, name, id) WHERE state IN ('FAILURE', 'REVOKED')`,
  },
];

export function searchIndexesMigration(schema: string): new () => MigrationInterface {
  return class SearchIndexes1764800000000 implements MigrationInterface {
    readonly name = 'SearchIndexes1764800000000';
    /** Tables may be large and in use. */
    readonly transaction = false;

    async up(runner: QueryRunner): Promise<void> {
      for (const index of INDEXES) await createOnline(runner, schema, index);
    }

    async down(runner: QueryRunner): Promise<void> {
      for (const { name } of INDEXES.toReversed()) await runner.query(`DROP INDEX "${schema}"."${name}"`);
    }
  };
}
