import { stat, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Task, type TaskService } from '#dist/tasks/index.js';
import { Broker, type Consumer } from '#dist/tasks/brokers/broker.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { PoolWorkers, type PoolWorker } from '../support/pool-worker.js';
import { until } from '../support/until.js';

@Injectable()
class EchoTasks {
  @Task()
  echo(value: string): string {
    return value;
  }
}

describe("a worker's health", () => {
  let database: TestDatabase;
  let application: TestApplication;
  let workers: PoolWorkers;
  let tasks: TaskService;
  const address = async (worker: PoolWorker) => {
    const [, port] = await until('it listens', () => /health on http:\/\/0\.0\.0\.0:(\d+)/.exec(worker.log));
    return `http://127.0.0.1:${port}`;
  };
  const ask = async (url: string) => {
    const response = await fetch(url);
    return [response.status, await response.json()] as const;
  };

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(
      database.url,
      { providers: [EchoTasks] },
      { allowUnknownTasks: true },
    );
    tasks = application.tasks;
    workers = await PoolWorkers.create(database.url, database.sql);
  });
  afterEach(() => workers.kill());
  afterAll(async () => {
    await workers.remove();
    await application.close();
    await database.drop();
  });

  it('is answered over HTTP: a prefork worker goes on answering while its children are blocked', async () => {
    const worker = workers.spawn(['-P', 'prefork', '-c', '1', '--health-port', '0']);
    const url = await address(worker);
    // before the first child takes tasks it is alive, and not ready
    expect((await ask(`${url}/ready`))[0]).toBe(503);
    await worker.takes(1);
    expect(await ask(`${url}/live`)).toEqual([200, { status: 'ok' }]);
    await until('it is ready', async () => (await ask(`${url}/ready`))[0] === 200);
    const spin = await tasks.submit('pool.spin', [3000]);
    await until('it spins', async () => (await spin.state()) === 'STARTED');
    expect((await ask(`${url}/live`))[0]).toBe(200);
    expect((await ask(`${url}/status`))[1]).toMatchObject({ pool: 'prefork', slots: 1, all: true });
    expect((await ask(`${url}/other`))[0]).toBe(404);
  });

  it('is shown by a file that is renewed, and an async worker says what blocked its loop', async () => {
    const file = join(tmpdir(), `celeriac-health-${process.pid}`);
    try {
      const worker = await workers.start(['--health-file', file, '--health-port', '0']);
      const first = (await stat(file)).mtimeMs;
      expect((await ask(`${await address(worker)}/ready`))[0]).toBe(200);
      await (await tasks.submit('pool.spin', [3200])).get({ timeout: '60s' });
      await until('the log tells', () =>
        /the event loop stood still for [\d.]+ s while these ran: pool\.spin/.test(worker.log),
      );
      await until('the file was renewed', async () => (await stat(file)).mtimeMs > first);
    } finally {
      await rm(file, { force: true });
    }
  });

  it('ends by itself when its loop stands still beyond the hard limit of everything that runs', async () => {
    const worker = workers.spawn(['-c', '1'], { LEASE: '1s' });
    const endless = await tasks.submit('pool.endless', []);
    expect(await worker.ended()).toMatchObject({ signal: 'SIGKILL' });
    expect(worker.log).toContain('its event loop stood still beyond the hard time limit');
    const next = workers.spawn(['-c', '1'], { LEASE: '1s' });
    await until('it was lost, and why', async () => {
      const history = await tasks.history(endless.id);
      return history.some((entry) => entry.kind === 'lost' && entry.error?.message.includes('stood still'));
    });
    expect(await next.ended()).toMatchObject({ signal: 'SIGKILL' });
    await database.sql.query('TRUNCATE celeriac.task');
  });

  it('has its consumer rebuilt when that takes nothing although tasks wait', async () => {
    const stuck = await createApplication(database.url, { providers: [EchoTasks] });
    try {
      const broker = stuck.app.get(Broker);
      const consume = broker.consume.bind(broker);
      const consumers: Consumer[] = [];
      broker.consume = async (options) => {
        const consumer = await consume(options);
        consumers.push(consumer);
        return consumer;
      };
      await stuck.startWorker();
      // alive, connected, and deaf
      await consumers[0]!.stop();
      const handle = await tasks.of(EchoTasks).echo.delay('heard');
      expect(await handle.get({ timeout: '60s' })).toBe('heard');
      expect(consumers).toHaveLength(2);
    } finally {
      await stuck.close();
    }
  });
});
