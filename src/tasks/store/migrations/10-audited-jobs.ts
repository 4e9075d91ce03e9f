import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Queues of BullMQ whose jobs are recorded: up to which event, by whom, and until when nobody else does it; and which
 * record a job has, until some time after its end.
 */
const UP = `
CREATE TABLE __.audited_queue (
  name text PRIMARY KEY,
  cursor text NOT NULL,
  missed boolean NOT NULL DEFAULT false,
  holder uuid,
  held_until timestamptz
);
CREATE TABLE __.audited_job (
  queue text NOT NULL,
  job_id text NOT NULL,
  task_id uuid NOT NULL,
  until timestamptz,
  PRIMARY KEY (queue, job_id)
);
CREATE INDEX audited_job_until ON __.audited_job (until) WHERE until IS NOT NULL;
`;

const DOWN = `
DROP TABLE __.audited_job;
DROP TABLE __.audited_queue;
`;

export function auditedJobsMigration(schema: string): new () => MigrationInterface {
  return class AuditedJobs1765000000000 implements MigrationInterface {
    readonly name = 'AuditedJobs1765000000000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(UP.replaceAll('__.', `"${schema}".`));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(DOWN.replaceAll('__.', `"${schema}".`));
    }
  };
}
