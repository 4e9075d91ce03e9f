import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When finished records are to be removed, for tasks with `resultExpires`: most have none, so the rows stay narrow.
 * What waits at which gate: `since` is set while a task waits there, `admitted_at` once it may be taken; neither while
 * it is delayed. A task waits in one line, whatever else it must pass.
 */
const UP = `
CREATE TABLE __.result_expiry (
  task_id uuid PRIMARY KEY,
  until timestamptz NOT NULL
);
CREATE INDEX result_expiry_until ON __.result_expiry (until);

ALTER TABLE __.gate ADD COLUMN touched_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE __.task_gate ADD COLUMN line boolean NOT NULL, ADD COLUMN priority smallint NOT NULL,
  ADD COLUMN since timestamptz, ADD COLUMN admitted_at timestamptz;
CREATE INDEX task_gate_waiting ON __.task_gate (gate, priority DESC, since) WHERE line AND since IS NOT NULL;
CREATE INDEX task_gate_admitted ON __.task_gate (gate) WHERE admitted_at IS NOT NULL;
CREATE INDEX unique_key_task ON __.unique_key (task_id) WHERE until IS NULL;
`;

const DOWN = `
DROP INDEX __.unique_key_task;
DROP INDEX __.task_gate_waiting;
DROP INDEX __.task_gate_admitted;
ALTER TABLE __.task_gate DROP COLUMN line, DROP COLUMN priority, DROP COLUMN since, DROP COLUMN admitted_at;
ALTER TABLE __.gate DROP COLUMN touched_at;
DROP TABLE __.result_expiry;
`;

export function optionsMigration(schema: string): new () => MigrationInterface {
  return class Options1764100000000 implements MigrationInterface {
    readonly name = 'Options1764100000000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(UP.replaceAll('__.', `"${schema}".`));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(DOWN.replaceAll('__.', `"${schema}".`));
    }
  };
}
