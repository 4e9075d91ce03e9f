import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Schedule, ScheduleService, Task, type ScheduleRecord } from '#dist/tasks/index.js';
import { TasksTestingModule } from '#dist/tasks/testing/index.js';
import { createApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

@Injectable()
class First {
  @Schedule({ every: '1h', args: ['first'] })
  @Schedule({ name: 'second', crontab: '0 0 * * *' })
  @Task({ name: 'report.create' })
  create(_kind?: string): void {}
}

@Injectable()
class Later {
  @Schedule({ every: '2h', args: ['later'], queue: 'reports' })
  @Task({ name: 'report.create' })
  create(_kind?: string): void {}
}

@Injectable()
class Elsewhere {
  @Task()
  other(): void {}
}

describe('schedules that the code declares', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  /** Starts an application with the class, as a new version of the code. */
  async function start<T>(provider: Type, work: (schedules: ScheduleService) => Promise<T>): Promise<T> {
    const application = await createApplication(database.url, { providers: [provider] });
    try {
      return await work(application.app.get(ScheduleService));
    } finally {
      await application.close();
    }
  }
  const listed = async (schedules: ScheduleService): Promise<ScheduleRecord[]> =>
    (await schedules.list()).items;

  it('are made once by any number of processes that start together', async () => {
    const lists = await Promise.all([1, 2, 3].map(() => start(First, listed)));
    const [list] = lists;
    expect(list!.map(({ name, origin, task }) => ({ name, origin, task }))).toEqual([
      { name: 'report.create', origin: 'code', task: 'report.create' },
      { name: 'second', origin: 'code', task: 'report.create' },
    ]);
    expect(new Set(lists.flat().map((schedule) => schedule.id)).size).toBe(2);
  });

  it('are left as they are by a restart, also where they are in their interval', async () => {
    const before = await start(First, listed);
    expect(await start(First, listed)).toEqual(before);
  });

  it('are left alone by a process that does not have their task', async () => {
    expect(await start(Elsewhere, listed)).toHaveLength(2);
  });

  it('change and go with the code, and what operators changed stays', async () => {
    const paused = await start(First, (schedules) => schedules.update('report.create', { args: ['mine'] }));
    expect(paused.changes).toEqual(['args']);
    const [later, ...others] = await start(Later, listed);
    expect(others).toEqual([]);
    expect(later).toMatchObject({
      id: paused.id,
      every: '2h',
      queue: 'reports',
      args: ['mine'],
      changes: ['args'],
    });
    await start(Later, (schedules) => schedules.pause('report.create'));
    const [again] = await start(First, listed);
    expect(again).toMatchObject({ every: '1h', queue: null, args: ['mine'], enabled: false, nextAt: null });
    const back = await start(First, (schedules) =>
      schedules.update('report.create', { args: null, enabled: null }),
    );
    expect(back).toMatchObject({ args: ['first'], enabled: true, changes: [] });
    expect(back.nextAt).not.toBeNull();
  });

  it('are refused at start when they could not work, with the place', async () => {
    class NoTask {
      @Schedule({ every: '1m' })
      method(): void {}
    }
    class TwoNames {
      @Schedule({ every: '1m' })
      @Schedule({ every: '2m' })
      @Task()
      method(): void {}
    }
    class Wrong {
      @Schedule({ crontab: 'at noon' })
      @Task()
      method(): void {}
    }
    class TooMany {
      @Schedule({ every: '1m', args: [1, 2] })
      @Task()
      method(): void {}
    }
    for (const [provider, message] of [
      [NoTask, /@Schedule\(\) on NoTask.method: it is no task. Decorate it with @Task\(\)/],
      [TwoNames, /@Schedule\(\) on TwoNames.method: another schedule is called 'twoNames.method' too/],
      [
        Wrong,
        /@Schedule\(\) on Wrong.method: crontab: expected a crontab such as .*this has 2, got 'at noon'/,
      ],
      [TooMany, /@Schedule\(\) on TooMany.method: args: expected at most 0 arguments/],
    ] as const) {
      Injectable()(provider);
      const imports = [TasksTestingModule.forRoot()];
      const module = await Test.createTestingModule({ imports, providers: [provider] }).compile();
      await expect(module.init()).rejects.toThrow(message);
      await module.close();
    }
  });
});
