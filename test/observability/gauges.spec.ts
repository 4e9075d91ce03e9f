import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Administration } from '#dist/tasks/control/administration.js';
import { Task, chain } from '#dist/tasks/index.js';
import { DatabaseGauges } from '#dist/tasks/observability/metrics/database-gauges.js';
import type { Statement } from '#dist/tasks/store/database.js';
import { tablesOf } from '#dist/tasks/store/tables.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { openStore, type OpenStore } from '../support/open-store.js';

@Injectable()
class GaugedTasks {
  @Task({ queue: 'gauged' })
  one(): number {
    return 1;
  }
}

const tables = tablesOf('celeriac', true);

describe('gauges of the database', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let open: OpenStore;
  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, { providers: [GaugedTasks] });
    open = await openStore(database.url, 0);
  });
  afterAll(async () => {
    await open.close();
    await application.close();
    await database.drop();
  });

  it('tell what waits, for how long, and that nobody takes it', async () => {
    const { app, tasks } = application;
    const one = tasks.of(GaugedTasks).one;
    for (let i = 0; i < 3; i++) await one.delay();
    await one.applyAsync([], { countdown: '1h' });
    await chain(one.si(), one.si()).delay();
    await database.sql.query(
      `UPDATE celeriac.task SET ready_at = now() - interval '90 s' WHERE ready_at IS NOT NULL`,
    );
    await app.get(Administration).pause('gauged');
    const reading = await new DatabaseGauges(open.database, tables, () => ['gauged']).read();
    expect(reading).toMatchObject({
      queues: [{ name: 'gauged', depth: 4, running: 0, workers: 0, paused: true }],
      states: new Map([
        ['WAITING', 1],
        ['PENDING', 5],
        ['STARTED', 0],
        ['RETRY', 0],
      ]),
      workers: { online: 0, slots: 0 },
      unpublished: { batches: 0, seconds: 0 },
    });
    expect(reading!.queues[0]!.oldestSeconds).toBeGreaterThanOrEqual(90);
    expect(reading!.queues[0]!.oldestSeconds).toBeLessThan(120);
  });

  it('tell of no more than a hundred queues, those of the application among them', async () => {
    await open.store.knowQueues(Array.from({ length: 300 }, (_, i) => `tenant-${i}`));
    const reading = await new DatabaseGauges(open.database, tables, () => ['gauged', 'tenant-299']).read();
    expect(reading!.queues).toHaveLength(100);
    expect(reading!.queues.map(({ name }) => name)).toEqual(expect.arrayContaining(['gauged', 'tenant-299']));
  });

  it('are asked for once in five seconds, however many scrape', async () => {
    let statements = 0;
    const counted = {
      run: async <Row extends object>(statement: Statement, values: unknown[]) => {
        statements++;
        return open.database.run<Row>(statement, values);
      },
    };
    const gauges = new DatabaseGauges(counted, tables, () => []);
    const readings = await Promise.all(Array.from({ length: 10 }, () => gauges.read()));
    expect(new Set(readings).size).toBe(1);
    expect(await gauges.read()).toBe(readings[0]);
    expect(statements).toBe(4);
  });

  it('are missing while the database does not answer', async () => {
    const away = { run: () => Promise.reject(new Error('away')) };
    expect(await new DatabaseGauges(away, tables, () => []).read()).toBeUndefined();
  });
});
