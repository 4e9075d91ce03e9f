import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Autoscaler } from '#dist/tasks/execution/autoscaler.js';
import { Task } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

@Injectable()
class WaitTasks {
  @Task()
  async wait(ms: number): Promise<void> {
    await sleep(ms);
  }
}

describe('scaling', () => {
  it("ends at one, also when it was asked for none, as Celery's may be", async () => {
    let [size, looks] = [1, 0];
    const scaler = new Autoscaler(
      {
        size: () => size,
        busy: () => 0,
        backlog: async () => (looks++, 0),
        resize: (wanted) => (size = wanted),
      },
      { min: 0, max: 3 },
      0,
    ).start();
    await until('it has looked twice', () => looks === 2);
    await scaler.stop();
    expect(size).toBe(1);
  });
});

describe('an async worker that scales', () => {
  let database: TestDatabase;
  let application: TestApplication;
  afterEach(async () => {
    await application.close();
    await database.drop();
  });

  it('runs more at once while tasks wait, up to its bound, and fewer when there are none', async () => {
    database = await createDatabase();
    application = await createApplication(database.url, { providers: [WaitTasks] });
    const { worker, tasks } = application;
    await application.startWorker({ concurrency: 1 });
    worker.controls.autoscale({ min: 1, max: 4 }, 200);
    const { wait } = tasks.of(WaitTasks);
    const handles = await Promise.all(Array.from({ length: 24 }, () => wait.delay(250)));
    const slots = () => worker.controls.report().slots;
    await until('it has grown', () => slots() === 4 && worker.active.length === 4);
    await Promise.all(handles.map((handle) => handle.get({ timeout: '60s' })));
    await until('it has shrunk', () => slots() === 1);
    const attempts = await database.sql.query('SELECT FROM celeriac.attempt');
    expect(attempts.rowCount).toBe(0);
  });
});
