import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Schedule, ScheduleService, Task, TaskContext, type TaskRecord } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import type { BrokerServer } from './broker.contract.js';

let gate: Promise<void> = Promise.resolve();
let open = () => {};
const close = (): void => {
  gate = new Promise((resolve) => (open = resolve));
};

@Injectable()
class ScheduledTasks {
  @Schedule({ every: '1s', args: ['declared'], tags: { kind: 'declared' }, headers: { tenant: 'blue' } })
  @Task()
  tick(text: string, ctx: TaskContext): unknown {
    return { text, tags: ctx.tags, headers: ctx.headers };
  }

  @Task({ queue: 'other', priority: 3 })
  plain(...args: unknown[]): unknown {
    return args;
  }

  @Task()
  async held(): Promise<void> {
    await gate;
  }

  @Task({ unique: { onConflict: 'refuse' } })
  async only(): Promise<void> {
    await gate;
  }

  @Task({ limit: { concurrency: 1 } })
  async limited(): Promise<void> {
    await gate;
  }
}

/**
 * What schedules promise, on every broker.
 * @param broker its URL, or how its server is started
 */
export function describeSchedules(
  name: string,
  broker: string | undefined | (() => Promise<BrokerServer>),
): void {
  describe(`${name}: schedules`, () => {
    let server: BrokerServer | undefined;
    let database: TestDatabase;
    let application: TestApplication;
    let schedules: ScheduleService;

    beforeAll(async () => {
      server = typeof broker === 'function' ? await broker() : undefined;
      database = await createDatabase();
      const url = server?.url ?? (broker as string | undefined);
      application = await createApplication(
        database.url,
        { providers: [ScheduledTasks] },
        { broker: url, timezone: 'Europe/Berlin' },
      );
      schedules = application.app.get(ScheduleService);
      await application.startWorker();
    });
    afterAll(async () => {
      open();
      await application.close();
      await server?.remove();
      await database.drop();
    });

    const tasksOf = async (schedule: string): Promise<TaskRecord[]> => {
      const page = { limit: 200, sort: 'createdAt', include: ['args', 'result'] } as const;
      return (await application.tasks.list({ tags: { schedule } }, page)).items;
    };
    const ended = async (schedule: string, count: number): Promise<TaskRecord[]> =>
      until(`${count} tasks of ${schedule}`, async () => {
        const done = (await tasksOf(schedule)).filter((task) => task.state === 'SUCCESS');
        return done.length >= count ? done : undefined;
      });

    it('makes one task of each tick, at its time, anchored, tagged with schedule and time', async () => {
      const done = await ended('scheduled.tick', 6);
      const times = done.map((task) => Date.parse(task.tags.scheduledAt!));
      expect(times.slice(1, 3).map((time, i) => time - times[i]!)).toEqual([1000, 1000]);
      const [first] = done;
      expect(first!.result).toEqual({
        text: 'declared',
        tags: { kind: 'declared', schedule: 'scheduled.tick', scheduledAt: first!.tags.scheduledAt },
        headers: { tenant: 'blue' },
      });
      // an id sorts by its tick
      expect(Number.parseInt(first!.id.replace('-', '').slice(0, 12), 16)).toBe(times[0]);
      // the first ones may have been due before the worker was up
      expect(Math.min(...done.map((task, i) => Date.parse(task.createdAt) - times[i]!))).toBeLessThan(1000);
      expect(await schedules.get('scheduled.tick')).toMatchObject({
        origin: 'code',
        when: 'Every second',
        totalRunCount: expect.any(Number),
        lastTaskId: expect.any(String),
        lastError: null,
      });
      await schedules.pause('scheduled.tick');
    });

    it('ticks once at a time, with what was asked for, and is over', async () => {
      const at = new Date(Date.now() + 2500);
      const options = { queue: 'moved', priority: 9, expires: '1h', args: [1, { a: 2 }] };
      await schedules.create({ name: 'once', task: 'scheduled.plain', at, ...options });
      const [task] = await ended('once', 1);
      expect(task).toMatchObject({ queue: 'moved', priority: 9, args: [1, { a: 2 }], result: [1, { a: 2 }] });
      expect(task!.tags.scheduledAt).toBe(at.toISOString());
      expect(Date.parse(task!.expiresAt!) - Date.parse(task!.createdAt)).toBe(3_600_000);
      expect(await schedules.get('once')).toMatchObject({
        enabled: false,
        nextAt: null,
        totalRunCount: 1,
        lastTaskId: task!.id,
        lastRunAt: at.toISOString(),
      });
    });

    it('is disabled after its first task with oneOff, and runs now beside its ticks', async () => {
      await schedules.create({
        name: 'first',
        task: 'scheduled.plain',
        crontab: '* * * * * *',
        oneOff: true,
      });
      await until('it is over', async () => !(await schedules.get('first')).enabled);
      await schedules.create({ name: 'yearly', task: 'scheduled.plain', crontab: '@yearly', args: ['x'] });
      const before = await schedules.get('yearly');
      const handle = await schedules.runNow('yearly', { by: 'ann' });
      expect(await handle.get({ timeout: '60s' })).toEqual(['x']);
      expect(await tasksOf('yearly')).toMatchObject([{ id: handle.id }]);
      expect((await schedules.get('yearly')).nextAt).toBe(before.nextAt);
      expect(await tasksOf('first')).toHaveLength(1);
    });

    it('keeps a schedule with oneOff whose task could not be made, until it can', async () => {
      await schedules.create({ name: 'later', task: 'scheduled.plain', crontab: '@yearly', oneOff: true });
      const due = (priority: number) =>
        database.sql.query(
          `UPDATE celeriac.schedule SET next_at = date_trunc('year', now(), 'Europe/Berlin'), spec = spec || jsonb_build_object('priority', $1::int)
           WHERE name = 'later'`,
          [priority],
        );
      await due(99);
      await until('its tick has failed', async () => (await schedules.get('later')).lastError !== null);
      expect(await schedules.get('later')).toMatchObject({ enabled: true, totalRunCount: 0 });
      await due(0);
      await ended('later', 1);
      expect(await schedules.get('later')).toMatchObject({ enabled: false, totalRunCount: 1 });
    });

    it('leaves ticks out while the task before is not over, with overlap: skip', async () => {
      close();
      await schedules.create({ name: 'skip', task: 'scheduled.held', every: '1s', overlap: 'skip' });
      const skipped = await until('two ticks are skipped', async () => {
        const schedule = await schedules.get('skip');
        return schedule.skippedCount >= 2 ? schedule : undefined;
      });
      expect(skipped.totalRunCount).toBe(1);
      open();
      await ended('skip', 2);
      await schedules.delete('skip');
    });

    it('makes them one after the other with overlap: queue', async () => {
      close();
      await schedules.create({ name: 'queue', task: 'scheduled.held', every: '1s', overlap: 'queue' });
      await until('its task runs', async () => (await tasksOf('queue'))[0]?.state === 'STARTED');
      const started = Date.now();
      await until('two ticks have passed', () => Date.now() > started + 2200);
      expect(await tasksOf('queue')).toHaveLength(1);
      open();
      const done = await ended('queue', 3);
      const spans = done.map((task) => [Date.parse(task.startedAt!), Date.parse(task.finishedAt!)] as const);
      for (const [i, [start]] of spans.slice(1).entries()) expect(start).toBeGreaterThanOrEqual(spans[i]![1]);
      const ticks = done.map((task) => Date.parse(task.tags.scheduledAt!));
      expect(ticks.slice(1, 3).map((tick, i) => tick - ticks[i]!)).toEqual([1000, 1000]);
      await schedules.delete('queue');
    });

    it('makes one of each tick whatever else runs, without overlap', async () => {
      close();
      await schedules.create({ name: 'allow', task: 'scheduled.held', every: '1s' });
      await until('three at once', async () => {
        const tasks = await tasksOf('allow');
        return tasks.filter((task) => task.state === 'STARTED').length >= 3;
      });
      await schedules.delete('allow');
      open();
    });

    it('makes no second one of a unique task, and lets limits hold', async () => {
      close();
      await schedules.create({ name: 'only', task: 'scheduled.only', every: '1s' });
      await schedules.create({ name: 'limited', task: 'scheduled.limited', every: '1s' });
      await until(
        'ticks of the unique task are skipped',
        async () => (await schedules.get('only')).skippedCount >= 2,
      );
      expect(await tasksOf('only')).toHaveLength(1);
      const limited = await until('three wait for the limit', async () => {
        const tasks = await tasksOf('limited');
        return tasks.length >= 3 ? tasks : undefined;
      });
      expect(limited.filter((task) => task.state === 'STARTED').length).toBeLessThanOrEqual(1);
      await schedules.delete('only');
      await schedules.delete('limited');
      open();
      await ended('limited', 3);
    });

    it('starts tasks up to the jitter later', async () => {
      await schedules.create({ name: 'jitter', task: 'scheduled.plain', every: '1s', jitter: '900ms' });
      const done = await ended('jitter', 3);
      const late = done.map((task) => Date.parse(task.dueAt!) - Date.parse(task.createdAt));
      expect(new Set(late).size).toBeGreaterThan(1);
      for (const ms of late) expect(ms).toBeLessThan(900);
      await schedules.delete('jitter');
    });
  });
}
