import { describe, expect, it } from '@jest/globals';
import { toMilliseconds } from '#dist/tasks/duration.js';
import { InvalidOptionError, NotSerializableError } from '#dist/tasks/index.js';
import { composeTask } from '#dist/tasks/submission/compose-task.js';
import type { TaskDescription } from '#dist/tasks/definition/task-definition.js';

const task: TaskDescription = {
  name: 'a.b',
  aliases: [],
  queue: 'default',
  priority: 4,
  retry: undefined,
  softTimeLimitMs: undefined,
  expiresMs: undefined,
  http: false,
  contextIndex: undefined,
  maxArguments: 2,
  requiredArguments: 0,
  parameterTypes: [],
  schemas: [],
};
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
