import type { MigrationInterface, QueryRunner } from 'typeorm';

const VIEW_COLUMNS = `
  t.id, t.name, t.queue, t.state, t.priority, t.attempt, t.retries, t.crashes, t.dispatch, t.codec, t.fence, t.owner, t.tags,
  t.args, t.options, t.progress, t.worker_id, t.root_id, t.parent_id, t.group_id,
  t.created_at, t.due_at, t.started_at, t.expires_at, t.revoke_at`;

const view = (more: string) => `
CREATE VIEW __.task_record AS
  SELECT ${VIEW_COLUMNS}, NULL::timestamptz AS finished_at, NULL::jsonb AS result, NULL::jsonb AS error,
    (SELECT w.name FROM __.worker w WHERE w.id = t.worker_id) AS worker${more}
  FROM __.task t
  UNION ALL
  SELECT ${VIEW_COLUMNS}, t.finished_at, t.result, t.error,
    (SELECT w.name FROM __.worker w WHERE w.id = t.worker_id) AS worker${more}
  FROM __.task_done t;
`;

/**
 * The workflow that a task belongs to, which has the id of its last task; and the signals that workflows wait for.
 * Adding a column without a default rewrites nothing.
 */
const UP = `
ALTER TABLE __.task ADD COLUMN workflow_id uuid;
ALTER TABLE __.task_done ADD COLUMN workflow_id uuid;
CREATE INDEX task_workflow ON __.task (workflow_id, id) WHERE workflow_id IS NOT NULL;
CREATE INDEX task_done_workflow ON __.task_done (workflow_id, id) WHERE workflow_id IS NOT NULL;
CREATE INDEX task_workflows ON __.task (id) WHERE workflow_id = id;
CREATE INDEX task_done_workflows ON __.task_done (id) WHERE workflow_id = id;
CREATE TABLE __.signal (
  scope uuid NOT NULL,
  name text NOT NULL,
  payload jsonb,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (scope, name)
);
DROP VIEW __.task_record;
${view(', t.workflow_id')}
`;

const DOWN = `
DROP VIEW __.task_record;
DROP TABLE __.signal;
ALTER TABLE __.task DROP COLUMN workflow_id;
ALTER TABLE __.task_done DROP COLUMN workflow_id;
${view('')}
`;

export function workflowsMigration(schema: string): new () => MigrationInterface {
  return class Workflows1764300000000 implements MigrationInterface {
    readonly name = 'Workflows1764300000000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(UP.replaceAll('__.', `"${schema}".`));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(DOWN.replaceAll('__.', `"${schema}".`));
    }
  };
}
