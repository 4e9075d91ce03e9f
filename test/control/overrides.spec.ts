import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { RemoteControl, Task, TaskContext } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

@Injectable()
class ChangedTasks {
  @Task({ limit: { rate: '1/h' } })
  rated(): string {
    return 'ran';
  }

  @Task()
  free(): string {
    return 'ran';
  }

  @Task()
  async slow(ctx: TaskContext): Promise<string> {
    await sleep(20_000, undefined, { signal: ctx.signal });
    return 'ran';
  }
}

describe('what operators change of tasks while they run', () => {
  let database: TestDatabase;
  let application: TestApplication;
  let remote: RemoteControl;

  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    application = await createApplication(database.url, { providers: [ChangedTasks] });
    remote = application.app.get(RemoteControl);
    await application.startWorker();
  });
  afterEach(async () => {
    await application.close();
    await database.sql.query(
      'TRUNCATE celeriac.task_override, celeriac.gate, celeriac.task_gate, celeriac.task',
    );
  });

  const submit = (name: string, options = {}) => application.tasks.submit<string>(name, [], options);
  const stays = (handle: { get(options: { timeout: number }): Promise<unknown> }) =>
    expect(handle.get({ timeout: 300 })).rejects.toThrow('still PENDING');

  it('sets free what waits for a rate, at once', async () => {
    const first = await submit('changed.rated');
    const second = await submit('changed.rated');
    expect(await first.get({ timeout: '60s' })).toBe('ran');
    await stays(second);
    await remote.rateLimit('changed.rated', 0);
    expect(await second.get({ timeout: '60s' })).toBe('ran');
  });

  it('limits a task whose code has no limit, across processes, until it is reset', async () => {
    const other = await createApplication(database.url, { providers: [ChangedTasks] });
    await remote.rateLimit('changed.free', '1/h', { by: 'ann' });
    await until('the other process has heard of it', async () => {
      await (await other.tasks.submit('changed.free')).revoke().catch(() => undefined);
      const { rows } = await database.sql.query(
        `SELECT FROM celeriac.gate WHERE key = 'task changed.free rate'`,
      );
      return rows.length === 1;
    });
    await database.sql.query(`UPDATE celeriac.gate SET tokens = 0`);
    const handle = await other.tasks.submit<string>('changed.free');
    await stays(handle);
    expect(await remote.overrides()).toEqual([{ task: 'changed.free', rate: 1 / 3600 }]);
    await remote.rateLimit('changed.free', undefined, { by: 'ann' });
    expect(await handle.get({ timeout: '60s' })).toBe('ran');
    await other.close();
    const { rows } = await database.sql.query(
      `SELECT by, detail->>'task' AS task FROM celeriac.audit WHERE action = 'rate_limit' AND by = 'ann'`,
    );
    expect(rows).toEqual([
      { by: 'ann', task: 'changed.free' },
      { by: 'ann', task: 'changed.free' },
    ]);
  });

  it('changes how long a task may run; what a call says still wins', async () => {
    await remote.timeLimit('changed.slow', { soft: '50ms', hard: '5s' });
    await until('it has heard of it', async () =>
      (await submit('changed.slow')).get({ timeout: 2000 }).then(
        () => false,
        (error: Error) => error.message.includes('SoftTimeLimitExceededError'),
      ),
    );
    const patient = await submit('changed.slow', { softTimeLimit: '10s' });
    await until('it runs', async () => (await patient.state()) === 'STARTED');
    await expect(patient.get({ timeout: 400 })).rejects.toThrow('still STARTED');
    await patient.revoke({ terminate: true });
  });

  it('holds for processes that start later', async () => {
    await remote.timeLimit('changed.slow', { soft: '50ms' });
    await application.close();
    application = await createApplication(database.url, { providers: [ChangedTasks] });
    await application.startWorker();
    await expect((await submit('changed.slow')).get({ timeout: '60s' })).rejects.toThrow(
      'SoftTimeLimitExceededError',
    );
  });

  it('refuses what is no limit', async () => {
    await expect(remote.rateLimit('changed.free', 'often')).rejects.toThrow(
      "rate: expected a text such as '10/m'",
    );
    await expect(remote.rateLimit('a task', 1)).rejects.toThrow("task: expected a task's name");
    await expect(remote.timeLimit('changed.slow', { soft: '2s', hard: '1s' })).rejects.toThrow(
      'soft: expected less than hard',
    );
  });
});
