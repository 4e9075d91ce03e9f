import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  OnTaskEvent,
  Task,
  TaskContext,
  TaskDefinitionError,
  type TaskEvent,
  type TaskEventName,
} from '#dist/tasks/index.js';
import { TaskEventBus } from '#dist/tasks/events/event-bus.js';
import { TaskEventExplorer } from '#dist/tasks/events/event-explorer.js';
import { TASK_EVENTS } from '#dist/tasks/events/task-events.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

@Injectable()
class EventTasks {
  @Task()
  fine(value: unknown): unknown {
    return value;
  }
  @Task({ retry: { max: 1, delay: 1 } })
  broken(): never {
    throw new RangeError('broken');
  }
  @Task()
  rejected(ctx: TaskContext): void {
    ctx.reject('no');
  }
  @Task()
  snoozes(ctx: TaskContext): void {
    if (ctx.attempt === 1) ctx.snooze(1);
  }
}

@Injectable()
class Here {
  readonly heard: TaskEvent[] = [];

  @OnTaskEvent(TASK_EVENTS.filter((name) => name !== 'submitting'))
  note(event: TaskEvent): void {
    this.heard.push(event);
  }

  @OnTaskEvent('submitting', { task: 'event.fine' })
  object({ args }: TaskEvent<'submitting'>): void {
    if (args[0] === 'refuse me') throw new Error('refused');
  }

  @OnTaskEvent('succeeded')
  failing(): void {
    throw new Error('a listener that fails');
  }

  names(id: string): TaskEventName[] {
    return this.heard.filter((event) => 'id' in event && event.id === id).map((event) => event.event);
  }
}

@Injectable()
class Everywhere {
  readonly heard: TaskEvent[] = [];

  @OnTaskEvent('failed', { from: 'everywhere', task: 'event.bro*' })
  @OnTaskEvent(['succeeded', 'worker-online'], { from: 'everywhere' })
  note(event: TaskEvent): void {
    this.heard.push(event);
  }
}

describe('events', () => {
  let database: TestDatabase;
  let working: TestApplication;
  let listening: TestApplication;
  let here: Here;
  let everywhere: Everywhere;
  const tasks = () => working.tasks.of(EventTasks);

  beforeAll(async () => {
    database = await createDatabase();
    working = await createApplication(database.url, { providers: [EventTasks, Here] });
    listening = await createApplication(database.url, { providers: [Everywhere] });
    here = working.app.get(Here);
    everywhere = listening.app.get(Everywhere);
    await working.startWorker({ concurrency: 1 });
  });
  beforeEach(() => {
    here.heard.length = 0;
    everywhere.heard.length = 0;
  });
  afterAll(async () => {
    await working.close();
    await listening.close();
    await database.drop();
  });

  it('tell of a task’s way from its submission to its end', async () => {
    const { id } = await tasks().fine.delay(42);
    await until('it succeeded', () => here.names(id).includes('succeeded'));
    expect(here.names(id)).toEqual(['submitted', 'received', 'started', 'ended', 'succeeded']);
    expect(here.heard.find((event) => event.event === 'succeeded')).toMatchObject({
      id,
      name: 'event.fine',
      queue: 'default',
      attempt: 1,
      worker: working.worker.name,
      result: 42,
      runtimeMs: expect.any(Number),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
  });

  it('tell of retries, failures, rejections, snoozes, and of revoked and expired tasks', async () => {
    const broken = await tasks().broken.delay();
    await until('it failed', () => here.names(broken.id).includes('failed'));
    const attempt = ['received', 'started', 'ended'];
    expect(here.names(broken.id)).toEqual(['submitted', ...attempt, 'retried', ...attempt, 'failed']);
    expect(here.heard.find((event) => event.event === 'retried')).toMatchObject({
      error: { name: 'RangeError', message: 'broken', stack: expect.stringContaining('broken') },
      delayMs: 1,
    });

    const rejected = await tasks().rejected.delay();
    await until('it was rejected', () => here.names(rejected.id).at(-1) === 'rejected');
    const snoozed = await tasks().snoozes.delay();
    await until('it ended', () => here.names(snoozed.id).at(-1) === 'succeeded');
    expect(here.names(snoozed.id)).toContain('snoozed');

    const revoked = await tasks().fine.applyAsync([1], { countdown: '1h' });
    await revoked.revoke();
    const expired = await tasks().fine.applyAsync([1], { countdown: '1h' });
    await database.sql.query('UPDATE celeriac.task SET expires_at = now() WHERE id = $1', [expired.id]);
    await until('it expired', () => here.names(expired.id).includes('revoked'));
    const reasons = here.heard.filter((event) => event.event === 'revoked').map((event) => event.reason);
    expect(reasons).toEqual(['revoked', 'expired']);
  });

  it('before a submission may refuse it', async () => {
    await expect(tasks().fine.delay('refuse me')).rejects.toThrow('refused');
    expect(here.heard).toEqual([]);
  });

  it('reach listeners in other processes that want them, without results and stacks', async () => {
    await until('interest is known', async () => {
      const fine = await tasks().fine.delay('secret');
      await fine.get({ timeout: '60s' });
      return everywhere.heard.length > 0;
    });
    const [succeeded] = everywhere.heard;
    expect(succeeded).toMatchObject({ event: 'succeeded', name: 'event.fine' });
    expect(succeeded).not.toHaveProperty('result');
    const broken = await tasks().broken.delay();
    const failed = await until('it is heard of', () =>
      everywhere.heard.find((event) => event.event === 'failed' && event.id === broken.id),
    );
    expect(failed).toMatchObject({ error: { name: 'RangeError', message: 'broken' } });
    expect(JSON.stringify(failed)).not.toContain('stack');
    expect(everywhere.heard.some((event) => event.event === ('retried' as string))).toBe(false);
  });

  it('tell of workers', async () => {
    const other = await createApplication(database.url);
    await until('a worker’s start is heard of', async () => {
      await other.startWorker({ queues: ['nothing'] });
      return everywhere.heard.some(
        (event) => event.event === 'worker-online' && event.queues[0] === 'nothing',
      );
    });
    await other.close();
    await until('its heart beats', () => here.heard.some((event) => event.event === 'worker-heartbeat'));
  });

  it('that nobody wants are not made', () => {
    const bus = new TaskEventBus();
    expect(bus.wants('succeeded')).toBe(false);
    bus.emit('succeeded', () => {
      throw new Error('made');
    });
  });

  it('that do not exist are refused at start, with the nearest name', async () => {
    @Injectable()
    class Wrong {
      @OnTaskEvent('suceeded' as never)
      note(): void {}
    }
    const module = await Test.createTestingModule({
      imports: [DiscoveryModule],
      providers: [TaskEventExplorer, Wrong, { provide: TaskEventBus, useValue: new TaskEventBus() }],
    }).compile();
    const error = await module.init().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TaskDefinitionError);
    expect((error as Error).message).toBe(
      "@OnTaskEvent() on Wrong.note: no event is called 'suceeded', did you mean 'succeeded'?",
    );
  });
});
