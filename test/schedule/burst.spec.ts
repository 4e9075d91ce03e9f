import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { ScheduleService, Task } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

/** More than two schedulers with two lanes each take at once. */
const COUNT = 4300;
/** Every so many there is one whose task must be the only one. */
const ONLY_EVERY = 430;

@Injectable()
class BurstTasks {
  @Task()
  plain(): void {}

  @Task({ unique: true })
  only(): void {}
}

describe('thousands of schedules in the same second', () => {
  let database: TestDatabase;
  let applications: TestApplication[];

  beforeAll(async () => {
    database = await createDatabase();
    applications = await Promise.all(
      [1, 2].map(() => createApplication(database.url, { providers: [BurstTasks] })),
    );
    // the schedulers run, and their tasks stay where they can be counted
    for (const { worker } of applications) await worker.start({ queues: ['nothing-comes-here'] });
  });
  afterAll(async () => {
    for (const application of applications) await application.close();
    await database.drop();
  });

  it('tick once each, however many processes share them, and count what they did', async () => {
    const { sql } = database;
    const tasks = Array.from({ length: COUNT }, (_, i) =>
      i % ONLY_EVERY === 0 ? 'burst.only' : 'burst.plain',
    );
    await sql.query(
      `INSERT INTO celeriac.schedule (id, name, task, next_at, spec)
       SELECT id, 'burst ' || n, task, $3::timestamptz,
         jsonb_build_object('task', task, 'at', $3::text, 'overlap', CASE WHEN n % 2 = 0 THEN 'skip' ELSE 'allow' END)
       FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY u(id, task, n)`,
      [tasks.map(() => uuidv7()), tasks, new Date(Date.now() - 100).toISOString()],
    );
    // wakes all schedulers, as every change does
    await applications[0]!.app
      .get(ScheduleService)
      .create({ name: 'last', task: 'burst.plain', every: '1h' });
    await until(
      'all have ticked',
      async () =>
        (await sql.query(`SELECT FROM celeriac.schedule WHERE next_at <= now() LIMIT 1`)).rowCount === 0,
      30_000,
    );
    const { rows: made } = await sql.query(
      `SELECT name, count(*)::int AS tasks, count(DISTINCT tags->>'schedule')::int AS schedules FROM celeriac.task
       GROUP BY 1 ORDER BY 1`,
    );
    const plain = tasks.filter((task) => task === 'burst.plain').length;
    expect(made).toEqual([
      { name: 'burst.only', tasks: 1, schedules: 1 },
      { name: 'burst.plain', tasks: plain, schedules: plain },
    ]);
    const { rows: counted } = await sql.query(
      `SELECT s.task, s.total_run_count::int AS made, s.skipped_count::int AS skipped, count(*)::int AS schedules
       FROM celeriac.schedule s JOIN celeriac.task t ON t.id = s.last_task_id AND t.name = s.task
       WHERE s.name LIKE 'burst%' GROUP BY 1, 2, 3 ORDER BY 1, 2`,
    );
    expect(counted).toEqual([
      { task: 'burst.only', made: 0, skipped: 1, schedules: COUNT - plain - 1 },
      { task: 'burst.only', made: 1, skipped: 0, schedules: 1 },
      { task: 'burst.plain', made: 1, skipped: 0, schedules: plain },
    ]);
  });
});
