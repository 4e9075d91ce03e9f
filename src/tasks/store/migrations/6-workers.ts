import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a worker says of itself (written with its heartbeat, so that it costs no write of its own), what workers are told
 * and asked with what they answered, and what operators changed of tasks: 0 is no limit, NULL what the code says.
 */
const UP = `
ALTER TABLE __.worker ADD COLUMN status jsonb, ADD COLUMN status_at timestamptz;

CREATE TABLE __.command (
  id uuid PRIMARY KEY,
  until timestamptz NOT NULL,
  by text,
  name text NOT NULL,
  params jsonb NOT NULL,
  workers uuid[] NOT NULL
);
CREATE TABLE __.command_reply (
  command_id uuid NOT NULL REFERENCES __.command ON DELETE CASCADE,
  worker_id uuid NOT NULL,
  value jsonb,
  error jsonb,
  PRIMARY KEY (command_id, worker_id)
);
CREATE TABLE __.task_override (
  task text PRIMARY KEY,
  rate double precision,
  burst integer,
  soft_time_limit_ms integer,
  time_limit_ms integer,
  changed_at timestamptz NOT NULL DEFAULT now(),
  by text
);
`;

const DOWN = `
DROP TABLE __.task_override;
DROP TABLE __.command_reply;
DROP TABLE __.command;
ALTER TABLE __.worker DROP COLUMN status, DROP COLUMN status_at;
`;

export function workersMigration(schema: string): new () => MigrationInterface {
  return class Workers1764600000000 implements MigrationInterface {
    readonly name = 'Workers1764600000000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(UP.replaceAll('__.', `"${schema}".`));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(DOWN.replaceAll('__.', `"${schema}".`));
    }
  };
}
