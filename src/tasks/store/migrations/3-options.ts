import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When finished records are to be removed, for tasks with `resultExpires`: most have none, so the rows stay narrow. */
const UP = `
CREATE TABLE __.result_expiry (
  task_id uuid PRIMARY KEY,
  until timestamptz NOT NULL
);
CREATE INDEX result_expiry_until ON __.result_expiry (until);
`;

export function optionsMigration(schema: string): new () => MigrationInterface {
  return class Options1764100000000 implements MigrationInterface {
    readonly name = 'Options1764100000000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(UP.replaceAll('__.', `"${schema}".`));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(`DROP TABLE "${schema}".result_expiry`);
    }
  };
}
