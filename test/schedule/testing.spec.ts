import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Schedule, ScheduleService, Task } from '#dist/tasks/index.js';
import { TasksTestingModule, TestTasks } from '#dist/tasks/testing/index.js';

@Injectable()
class ReportTasks {
  readonly made: string[] = [];

  @Schedule({ crontab: '0 9 * * *', timezone: 'Europe/Berlin', args: ['daily'] })
  @Task()
  create(kind: string): void {
    this.made.push(kind);
  }
}

describe('schedules in unit tests', () => {
  let module: TestingModule;
  let test: TestTasks;
  beforeEach(async () => {
    module = await Test.createTestingModule({
      imports: [TasksTestingModule.forRoot()],
      providers: [ReportTasks],
    }).compile();
    await module.init();
    test = module.get(TestTasks);
  });
  afterEach(() => module.close());

  it('tick by the clock of the test', async () => {
    await test.advance('3 days');
    expect(module.get(ReportTasks).made).toEqual(['daily', 'daily', 'daily']);
    const times = test.submitted('report.create').map((task) => task.tags.scheduledAt!);
    expect(times.every((time) => /T0[78]:00:00/.test(time))).toBe(true);
  });

  it('are made, changed, paused, run and removed as with a database', async () => {
    const schedules = module.get(ScheduleService);
    await schedules.create({ name: 'often', task: 'report.create', every: '1h', args: ['hourly'] });
    await test.advance('150m');
    expect(test.submitted().filter((task) => task.tags.schedule === 'often')).toHaveLength(2);
    await schedules.update('often', { every: '10m' });
    await test.advance('1h');
    expect((await schedules.get('often')).totalRunCount).toBe(8);
    await schedules.pause('often');
    await test.advance('1h');
    await (await schedules.runNow('often')).get();
    expect((await schedules.get('often')).totalRunCount).toBe(8);
    expect((await schedules.list()).items.map((schedule) => schedule.name)).toEqual([
      'often',
      'report.create',
    ]);
    await schedules.delete('often');
    await expect(schedules.get('often')).rejects.toThrow("no schedule has the id or the name 'often'");
  });
});
