import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, type LoggerService } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Task, TaskService } from '#dist/tasks/index.js';
import { TasksTestingModule } from '#dist/tasks/testing/index.js';

class NoMoneyError extends Error {}

@Injectable()
class LoggedTasks {
  @Task({ throws: [NoMoneyError] })
  pay(expected: boolean): never {
    throw expected ? new NoMoneyError('empty') : new RangeError('broken');
  }

  @Task({ retry: { max: 1, delay: 5 } })
  again(): never {
    throw new Error('once more');
  }
}

describe('the log tells of attempts that did not end well', () => {
  const said: { level: string; text: string; rest: unknown[] }[] = [];
  const note =
    (level: string) =>
    (text: string, ...rest: unknown[]) =>
      said.push({ level, text, rest });
  const logger: LoggerService = { log: note('log'), error: note('error'), warn: note('warn') };
  let module: TestingModule;
  let tasks: TaskService;

  beforeAll(async () => {
    module = await Test.createTestingModule({
      imports: [TasksTestingModule.forRoot()],
      providers: [LoggedTasks],
    }).compile();
    module.useLogger(logger);
    await module.init();
    tasks = module.get(TaskService);
  });
  beforeEach(() => {
    said.length = 0;
  });
  afterAll(() => module.close());

  it('with the stack of an error that nobody expected', async () => {
    const { id } = await tasks.of(LoggedTasks).pay.delay(false);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({
      level: 'error',
      text: `logged.pay ${id}, attempt 1: RangeError: broken`,
      rest: [expect.stringContaining('logging.spec'), 'Tasks'],
    });
  });

  it('without one for what the task says it throws', async () => {
    const { id } = await tasks.of(LoggedTasks).pay.delay(true);
    expect(said).toEqual([
      { level: 'log', text: `logged.pay ${id}, attempt 1: NoMoneyError: empty`, rest: ['Tasks'] },
    ]);
  });

  it('and when it will be tried again', async () => {
    await tasks.of(LoggedTasks).again.delay();
    expect(said.map(({ level, text }) => `${level} ${text.replace(/ \S+,/, '')}`)).toEqual([
      'log logged.again attempt 1: Error: once more; again in 5 ms',
      'error logged.again attempt 2: Error: once more',
    ]);
  });
});
