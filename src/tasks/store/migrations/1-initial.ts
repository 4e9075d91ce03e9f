import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Columns that live and finished rows share. */
const SHARED_COLUMNS = `
  id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  due_at timestamptz,
  expires_at timestamptz,
  ready_at timestamptz,
  started_at timestamptz,
  revoke_at timestamptz,
  revoke_deadline timestamptz,
  fence bigint,
  worker_id uuid,
  dispatch integer NOT NULL DEFAULT 1,
  waiting_on integer,
  state __.task_state NOT NULL,
  priority smallint NOT NULL DEFAULT 0,
  attempt smallint NOT NULL DEFAULT 0,
  retries smallint NOT NULL DEFAULT 0,
  crashes smallint NOT NULL DEFAULT 0,
  flags smallint NOT NULL DEFAULT 0,
  codec smallint NOT NULL DEFAULT 0,
  name text NOT NULL,
  queue text NOT NULL,
  owner text,
  tags jsonb,
  root_id uuid,
  parent_id uuid,
  group_id uuid,
  args jsonb,
  options jsonb,
  progress jsonb`;

const VIEW_COLUMNS = `
  t.id, t.name, t.queue, t.state, t.priority, t.attempt, t.retries, t.crashes, t.dispatch, t.codec, t.fence, t.owner, t.tags,
  t.args, t.options, t.progress, t.worker_id, t.root_id, t.parent_id, t.group_id,
  t.created_at, t.due_at, t.started_at, t.expires_at, t.revoke_at`;

/**
 * Live rows (`task`) and finished rows (`task_done`) live apart: finished rows never change, history is dropped by
 * partition, and submitting and claiming stay flat at any history size. The tables of workflows, schedules, limits
 * and message brokers are made here too, so that using them needs no migration of the hot tables.
 */
const UP = `
CREATE TYPE __.task_state AS ENUM ('WAITING','PENDING','STARTED','RETRY','SUCCESS','FAILURE','REVOKED');

CREATE TABLE __.task (
  ${SHARED_COLUMNS},
  PRIMARY KEY (id),
  CHECK (priority BETWEEN 0 AND 9)
) WITH (fillfactor = 90,
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX task_ready ON __.task (queue, priority, ready_at) WHERE ready_at IS NOT NULL AND worker_id IS NULL;
CREATE INDEX task_running ON __.task (worker_id) WHERE worker_id IS NOT NULL;
CREATE INDEX task_due ON __.task (due_at) WHERE due_at IS NOT NULL AND ready_at IS NULL AND worker_id IS NULL;
CREATE INDEX task_expires ON __.task (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX task_root ON __.task (root_id) WHERE root_id IS NOT NULL;

CREATE TABLE __.task_done (
  ${SHARED_COLUMNS},
  finished_at timestamptz NOT NULL,
  result jsonb,
  error jsonb,
  PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE TABLE __.task_done_default PARTITION OF __.task_done DEFAULT;
CREATE INDEX task_done_name ON __.task_done (name, id);
CREATE INDEX task_done_state ON __.task_done (state, id) WHERE state IN ('FAILURE', 'REVOKED');

CREATE TABLE __.payload (
  task_id uuid NOT NULL,
  kind smallint NOT NULL,
  codec smallint NOT NULL DEFAULT 0,
  key_id text,
  data bytea NOT NULL,
  PRIMARY KEY (task_id, kind)
) PARTITION BY RANGE (task_id);
CREATE TABLE __.payload_default PARTITION OF __.payload DEFAULT;

CREATE TABLE __.attempt (
  task_id uuid NOT NULL,
  dispatch integer NOT NULL,
  attempt smallint NOT NULL,
  worker_id uuid,
  started_at timestamptz,
  ended_at timestamptz NOT NULL DEFAULT now(),
  outcome text NOT NULL,
  error jsonb,
  PRIMARY KEY (task_id, dispatch)
);

CREATE TABLE __.worker (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  alive_since timestamptz NOT NULL,
  lease_until timestamptz NOT NULL,
  dead_at timestamptz,
  info jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
CREATE INDEX worker_alive ON __.worker (lease_until) WHERE dead_at IS NULL;
CREATE INDEX worker_dead ON __.worker (dead_at) WHERE dead_at IS NOT NULL;

CREATE TABLE __.queue (
  name text PRIMARY KEY,
  paused_at timestamptz,
  options jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE __.broker (
  name text PRIMARY KEY,
  epoch text NOT NULL,
  resend_after uuid
);
CREATE TABLE __.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ids uuid[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  taken_until timestamptz
);
CREATE TABLE __.unique_key (
  key bytea PRIMARY KEY,
  task_id uuid NOT NULL,
  body_hash bytea,
  until timestamptz
);
CREATE INDEX unique_key_until ON __.unique_key (until) WHERE until IS NOT NULL;
CREATE TABLE __.edge (
  parent_id uuid NOT NULL,
  child_id uuid NOT NULL,
  position integer NOT NULL,
  policy smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (parent_id, child_id)
);
CREATE INDEX edge_child ON __.edge (child_id, position);
CREATE TABLE __.release (
  task_id uuid PRIMARY KEY,
  after uuid
);
CREATE TABLE __.gate (
  key text PRIMARY KEY,
  max_running integer,
  rate double precision,
  burst integer,
  tokens double precision,
  refilled_at timestamptz
);
CREATE TABLE __.task_gate (
  gate text NOT NULL,
  task_id uuid NOT NULL,
  PRIMARY KEY (gate, task_id)
);
CREATE INDEX task_gate_task ON __.task_gate (task_id);
CREATE TABLE __.schedule (
  id uuid PRIMARY KEY,
  name text NOT NULL UNIQUE,
  enabled boolean NOT NULL DEFAULT true,
  next_at timestamptz,
  revision integer NOT NULL DEFAULT 1,
  last_task_id uuid,
  spec jsonb NOT NULL
);
CREATE INDEX schedule_next ON __.schedule (next_at) WHERE enabled;
CREATE TABLE __.audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  by text,
  action text NOT NULL,
  task_id uuid,
  detail jsonb
);
CREATE INDEX audit_task ON __.audit (task_id) WHERE task_id IS NOT NULL;

CREATE VIEW __.task_record AS
  SELECT ${VIEW_COLUMNS}, NULL::timestamptz AS finished_at, NULL::jsonb AS result, NULL::jsonb AS error,
    (SELECT w.name FROM __.worker w WHERE w.id = t.worker_id) AS worker
  FROM __.task t
  UNION ALL
  SELECT ${VIEW_COLUMNS}, t.finished_at, t.result, t.error,
    (SELECT w.name FROM __.worker w WHERE w.id = t.worker_id) AS worker
  FROM __.task_done t;
`;

/** The first schema. The number is the migration's time stamp, by which TypeORM orders migrations. */
export function initialMigration(schema: string): new () => MigrationInterface {
  return class Initial1763900000000 implements MigrationInterface {
    readonly name = 'Initial1763900000000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(UP.replaceAll('__.', `"${schema}".`));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(`DROP SCHEMA "${schema}" CASCADE`);
    }
  };
}
