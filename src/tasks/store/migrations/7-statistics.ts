import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What pages read instead of the tasks themselves: counters per step of 1, 10, 60 and 360 minutes, failures in groups,
 * and the lines that tasks log.
 */
const UP = `
CREATE TABLE __.task_statistic (
  step smallint NOT NULL,
  at timestamptz NOT NULL,
  name text NOT NULL,
  queue text NOT NULL,
  submitted integer NOT NULL,
  succeeded integer NOT NULL,
  failed integer NOT NULL,
  retried integer NOT NULL,
  revoked integer NOT NULL,
  lost integer NOT NULL,
  wait integer[] NOT NULL,
  run integer[] NOT NULL,
  PRIMARY KEY (step, at, name, queue)
) WITH (fillfactor = 70);

CREATE TABLE __.error_group (
  fingerprint text PRIMARY KEY,
  name text NOT NULL,
  error_name text NOT NULL,
  message text NOT NULL,
  frame text,
  count bigint NOT NULL,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  sample_id uuid NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX error_group_seen ON __.error_group (last_seen);
CREATE TABLE __.error_task (
  fingerprint text NOT NULL,
  task_id uuid NOT NULL,
  PRIMARY KEY (fingerprint, task_id)
);

CREATE TABLE __.task_log (
  task_id uuid NOT NULL,
  attempt smallint NOT NULL,
  line integer NOT NULL,
  at timestamptz NOT NULL,
  level text NOT NULL,
  message text NOT NULL,
  PRIMARY KEY (task_id, attempt, line)
);
`;

const DOWN = `
DROP TABLE __.task_log;
DROP TABLE __.error_task;
DROP TABLE __.error_group;
DROP TABLE __.task_statistic;
`;

export function statisticsMigration(schema: string): new () => MigrationInterface {
  return class Statistics1764700000000 implements MigrationInterface {
    readonly name = 'Statistics1764700000000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(UP.replaceAll('__.', `"${schema}".`));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(DOWN.replaceAll('__.', `"${schema}".`));
    }
  };
}
