import { describe, expect, it } from '@jest/globals';
import { toMilliseconds } from '#dist/tasks/duration.js';
import {
  InvalidOptionError,
  NotSerializableError,
  TaskDefinitionError,
  type SubmitOptions,
  type TaskOptions,
} from '#dist/tasks/index.js';
import { composeTask } from '#dist/tasks/submission/compose-task.js';
import type { Origin } from '#dist/tasks/submission/submit-options.js';
import { resolveTasksOptions } from '#dist/tasks/tasks.options.js';
import { describeTask } from '#dist/tasks/definition/describe-task.js';
import { TaskDefaults } from '#dist/tasks/definition/task-defaults.js';

const describeB = (options: TaskOptions, defaults?: TaskDefaults) => ({
  ...describeTask({ b: () => undefined }, 'ATasks', 'b', options, defaults),
  maxArguments: 2,
});
const task = describeB({ priority: 4 });
const recorded = (options: SubmitOptions, origin?: Origin) =>
  JSON.parse(composeTask(task, [], options, origin).options ?? 'null') as Record<string, unknown> | null;
const code = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return 'accepted';
};

describe('options of a call', () => {
  it('left out are the task’s own', () => {
    expect(composeTask(task, [1], {})).toMatchObject({
      queue: 'default',
      priority: 4,
      eta: null,
      delayMs: null,
      args: '[1]',
      options: null,
    });
  });

  it.each([
    [{ priority: 1.5 }, 'INVALID_PRIORITY'],
    [{ priority: -1 }, 'INVALID_PRIORITY'],
    [{ priority: 10 }, 'INVALID_PRIORITY'],
    [{ queue: '' }, 'INVALID_QUEUE'],
    [{ countdown: -1 }, 'INVALID_DELAY'],
    [{ countdown: 1e18 }, 'INVALID_DELAY'],
    [{ countdown: Number.NaN }, 'INVALID_DELAY'],
    [{ countdown: '5 parsecs' }, 'INVALID_DELAY'],
    [{ countdown: 1, eta: new Date() }, 'INVALID_DELAY'],
    [{ eta: 'tomorrow' }, 'INVALID_DATE'],
    [{ eta: '2030-01-01T00:00:00' }, 'INVALID_DATE'],
    [{ eta: new Date('x') }, 'INVALID_DATE'],
    [{ eta: '0000-01-01T00:00:00Z' }, 'INVALID_DATE'],
    [{ eta: '9999-12-31T23:59:59-12:00' }, 'INVALID_DATE'],
    [{ expires: new Date(8.64e15) }, 'INVALID_DATE'],
    [{ eta: '2035-01-01T00:00:00Z', expires: '2034-01-01T00:00:00Z' }, 'EXPIRES_BEFORE_ETA'],
    [{ countdown: '2h', expires: '1h' }, 'EXPIRES_BEFORE_ETA'],
    [{ retry: { max: 1e9 } }, 'RETRY_OUT_OF_RANGE'],
    [{ retry: { for: [Error] } as never }, 'INVALID_OPTION'],
    [{ idempotencyKey: 'a\r\nb' }, 'INVALID_IDEMPOTENCY_KEY'],
    [{ idempotencyKey: 'x'.repeat(256) }, 'INVALID_IDEMPOTENCY_KEY'],
    [{ idempotencyKey: '' }, 'INVALID_IDEMPOTENCY_KEY'],
    [{ tags: { a: 1 } as never }, 'INVALID_OPTION'],
    [{ owner: '' }, 'INVALID_OPTION'],
    [{ meta: [] as never }, 'INVALID_OPTION'],
    [{ qeue: 'x' } as never, 'UNKNOWN_PROPERTY'],
    [{ timeLimit: 0 }, 'INVALID_OPTION'],
    [{ timeLimit: '30 days' }, 'INVALID_OPTION'],
    [{ softTimeLimit: '2s', timeLimit: '1s' }, 'INVALID_OPTION'],
    [{ acksLate: 'no' } as never, 'INVALID_OPTION'],
    [{ ignoreResult: 1 } as never, 'INVALID_OPTION'],
    [{ resultExpires: '-1s' }, 'INVALID_OPTION'],
    [{ headers: { tenant: 7 } } as never, 'INVALID_OPTION'],
    [{ headers: { tenant: 'a\0' } }, 'INVALID_OPTION'],
    [{ tags: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`t${i}`, ''])) }, 'INVALID_OPTION'],
  ])('%j is refused with %s', (options, expected) => {
    expect(code(() => composeTask(task, [], options))).toBe(expected);
  });

  it('an error names the option, what was expected and what was given', () => {
    expect(() => composeTask(task, [], { priority: 12 })).toThrow(
      new InvalidOptionError('priority', 'a whole number from 0 to 9 (9 first)', 12),
    );
    expect(() => composeTask(task, [], { qeue: 'x' } as never)).toThrow(/did you mean 'queue'\?/);
  });

  it.each([
    ['10s', 10_000],
    ['1.5h', 5_400_000],
    ['2 days', 172_800_000],
    [250, 250],
    [0, 0],
  ])('the duration %j is %d ms', (given, ms) => {
    expect(toMilliseconds(given, 'x')).toBe(ms);
  });
});

describe('arguments', () => {
  class WithToJson {
    toJSON(): string {
      return 'json';
    }
  }

  it('that JSON carries are accepted', () => {
    const args = [{ a: [1, null, true, 'é😀'], b: undefined, c: new Date(0) }, new WithToJson()];
    expect(JSON.parse(composeTask(task, args, {}).args)).toEqual([
      { a: [1, null, true, 'é😀'], c: '1970-01-01T00:00:00.000Z' },
      'json',
    ]);
  });

  it('left out at the end are not passed, so that defaults apply', () => {
    expect(composeTask(task, [1, undefined], {}).args).toBe('[1]');
  });

  const circular: unknown[] = [];
  circular.push(circular);
  it.each<[string, unknown[], string, string]>([
    ['undefined in an array', [[1, undefined]], 'args[0][1]', 'NOT_SERIALIZABLE'],
    ['undefined before another argument', [undefined, 1], 'args[0]', 'NOT_SERIALIZABLE'],
    ['a bigint', [{ n: 1n }], 'args[0].n', 'NOT_SERIALIZABLE'],
    ['a function', [() => 1], 'args[0]', 'NOT_SERIALIZABLE'],
    ['a Map', [new Map()], 'args[0]', 'NOT_SERIALIZABLE'],
    ['a Buffer', [new Uint8Array(2)], 'args[0]', 'NOT_SERIALIZABLE'],
    ['NaN', [Number.NaN], 'args[0]', 'NUMBER_OUT_OF_RANGE'],
    ['an invalid Date', [new Date('x')], 'args[0]', 'INVALID_DATE'],
    ['U+0000', ['a\0b'], 'args[0]', 'NUL_CHARACTER'],
    ['a lone surrogate', ['\ud800'], 'args[0]', 'INVALID_UNICODE'],
    ['a circular value', circular, 'args', 'TOO_DEEP'],
  ])('%s is refused with its path', (_what, args, path, expected) => {
    const error = (() => {
      try {
        composeTask(task, args, {});
      } catch (e) {
        return e as NotSerializableError;
      }
      throw new Error('accepted');
    })();
    expect(error).toBeInstanceOf(NotSerializableError);
    expect(error.code).toBe(expected);
    expect(error.path.startsWith(path)).toBe(true);
  });

  it('more than the task takes are refused', () => {
    expect(code(() => composeTask(task, [1, 2, 3], {}))).toBe('TOO_MANY_ARGUMENTS');
  });
});

describe('defaults', () => {
  const defaults = new TaskDefaults(
    { priority: 1, softTimeLimit: '1s', retry: { max: 7 }, tags: { from: 'module' }, queue: 'general' },
    { images: { defaults: { priority: 2, expires: '1h', tags: { queue: 'images' } } } },
  );

  it('come from the module, the queue, the task and the call, the nearest first', () => {
    const plain = describeB({}, defaults);
    expect(composeTask(plain, [], {})).toMatchObject({ queue: 'general', priority: 1, lifetimeMs: null });
    expect(composeTask(plain, [], { queue: 'images' })).toMatchObject({
      priority: 2,
      lifetimeMs: 3_600_000,
      tags: '{"from":"module","queue":"images"}',
    });
    const own = describeB({ queue: 'images', priority: 3, tags: { own: 'yes' } }, defaults);
    expect(composeTask(own, [], {})).toMatchObject({ priority: 3, lifetimeMs: 3_600_000 });
    expect(composeTask(own, [], { priority: 4, expires: 5 })).toMatchObject({ priority: 4, lifetimeMs: 5 });
    expect(own.settings).toMatchObject({ softTimeLimitMs: 1000, retry: { max: 7 } });
    expect(own.settings.tags).toEqual({ from: 'module', queue: 'images', own: 'yes' });
  });

  it('of retries may be switched off, or changed in part', () => {
    expect(describeB({ retry: false }, defaults).settings.retry).toBeUndefined();
    expect(describeB({ retry: { delay: '3s' } }, defaults).settings.retry).toMatchObject({
      max: 7,
      delayMs: 3000,
    });
  });

  it('that are wrong name the level and the field, at start', () => {
    const messageOf = (given: object) => {
      try {
        resolveTasksOptions(given);
      } catch (error) {
        return (error as Error).message;
      }
      return 'accepted';
    };
    expect(messageOf({ defaults: { priority: 12 } })).toBe(
      'defaults.priority: expected a whole number from 0 to 9 (9 first), got 12',
    );
    expect(messageOf({ queues: { images: { defaults: { retry: { max: -1 } } } } })).toMatch(
      /^queues\.images\.defaults\.retry\.max: expected a whole number/,
    );
    expect(messageOf({ defaults: { prioriti: 1 } })).toMatch(/did you mean 'priority'\?/);
    expect(messageOf({ routes: { 'images.*': 'not a queue!' } })).toMatch(/^routes\['images\.\*'\]/);
    expect(messageOf({ context: { capture: 'x' } })).toMatch(/^context\.capture: expected the functions/);
    expect(messageOf({ unknownQueues: 'drop' })).toBe("unknownQueues: expected create or refuse, got 'drop'");
  });
});

describe('options of @Task()', () => {
  const refusals: [TaskOptions, RegExp][] = [
    [{ timeLimit: '1s', softTimeLimit: '1s' }, /softTimeLimit: expected less than timeLimit, got '1s'/],
    [{ throws: ['x'] } as never, /throws: expected an array of error classes or predicates/],
    [{ returns: {} } as never, /returns: expected a Standard Schema/],
    [{ args: [{}] } as never, /args\[0\]: expected a Standard Schema/],
    [{ headers: [] } as never, /headers: expected an object of texts, got an array of 0/],
  ];
  for (const [options, message] of refusals)
    it(`that are wrong are refused at start: ${JSON.stringify(options)}`, () => {
      expect(() => describeB(options)).toThrow(TaskDefinitionError);
      expect(() => describeB(options)).toThrow(message);
    });
});

describe('routes', () => {
  const queueOf = (routes: object, name: string, args: unknown[] = []) =>
    new TaskDefaults({}, {}, routes as never).queueOf(name, undefined, args);

  it('by pattern: the first that fits counts', () => {
    const routes = { 'images.*': 'images', '*.report': 'slow', 'a.b': 'exact' };
    expect(queueOf(routes, 'images.report')).toBe('images');
    expect(queueOf(routes, 'sales.report')).toBe('slow');
    expect(queueOf(routes, 'a.b')).toBe('exact');
    expect(queueOf(routes, 'axb')).toBe('default');
  });

  it('by function, which sees the arguments; the task’s and the call’s own queue come first', () => {
    const routes = (_name: string, args: readonly unknown[]) => (args[0] === 'big' ? 'big' : undefined);
    const defaults = new TaskDefaults({}, {}, routes);
    expect(composeTask(describeB({}, defaults), ['big'], {}).queue).toBe('big');
    expect(composeTask(describeB({}, defaults), ['small'], {}).queue).toBe('default');
    expect(composeTask(describeB({}, defaults), ['big'], { queue: 'mine' }).queue).toBe('mine');
    expect(composeTask(describeB({ queue: 'own' }, defaults), ['big'], {}).queue).toBe('own');
  });
});

describe('headers', () => {
  it('of the call win over those of the request or parent', () => {
    const origin = { parentId: null, rootId: null, headers: { tenant: 'a', user: 'ann' } };
    expect(recorded({ headers: { user: 'bob' } }, origin)).toEqual({ headers: { tenant: 'a', user: 'bob' } });
    expect(recorded({})).toBeNull();
  });
});
