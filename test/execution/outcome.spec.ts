import { describe, expect, it } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import { assert, double, nat, property } from 'fast-check';
import { mayRetry, resolveRetry, retryDelay } from '#dist/tasks/definition/retry-policy.js';
import { recordError } from '#dist/tasks/execution/recorded-error.js';
import { returned } from '#dist/tasks/execution/outcome.js';

describe('what a handler returns', () => {
  it.each<[unknown, string | null]>([
    [undefined, null],
    [null, 'null'],
    [5, '5'],
    [{ at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ['\\u0000 as text', '"\\\\u0000 as text"'],
  ])('%j is a success', (value, json) => {
    expect(returned(value)).toMatchObject({ state: 'SUCCESS', result: json });
  });

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  it.each<[string, unknown]>([
    ['a bigint', 1n],
    ['a circular value', circular],
    ['a function', () => 1],
    ['U+0000', { deep: ['a\0'] }],
    ['a lone surrogate', '\udc00'],
  ])('%s fails as not serializable, without a retry', (_what, value) => {
    expect(returned(value)).toMatchObject({
      kind: 'end',
      state: 'FAILURE',
      error: { code: 'RESULT_NOT_SERIALIZABLE' },
    });
  });

  it('more than 8 MiB of JSON fails as too large', () => {
    expect(returned('x'.repeat(9 << 20))).toMatchObject({
      state: 'FAILURE',
      error: { code: 'RESULT_TOO_LARGE' },
    });
  });
});

describe('what a handler throws', () => {
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error('no');
      },
      getPrototypeOf() {
        throw new Error('no');
      },
    },
  );
  it.each<[string, unknown, object]>([
    ['an error', new TypeError('bad'), { name: 'TypeError', message: 'bad' }],
    ['undefined', undefined, { name: 'NonError', message: 'undefined' }],
    ['a string', 'bad', { name: 'NonError', message: 'bad' }],
    [
      'a proxy that throws',
      hostile,
      { name: 'NonError', message: 'something was thrown that cannot be read' },
    ],
    [
      'an HttpException',
      new BadRequestException(['x must be a number']),
      { name: 'BadRequestException', message: 'x must be a number' },
    ],
    ['a NUL character', new Error('a\0b'), { message: 'a\uFFFDb' }],
  ])('%s becomes something to read', (_what, thrown, expected) => {
    expect(recordError(thrown)).toMatchObject(expected);
  });

  it('an error of 10 MB is cut', () => {
    expect(JSON.stringify(recordError(new Error('x'.repeat(10 << 20)))).length).toBeLessThan(40_000);
  });
});

describe('the wait before a retry', () => {
  it('is Celery’s: min(max, factor × 2^retries), with jitter a uniform share of it', () => {
    assert(
      property(
        nat(10_000),
        nat(1_000_000),
        nat(60),
        double({ min: 0, max: 0.999999, noNaN: true }),
        (delay, max, retries, random) => {
          const plain = resolveRetry({ delay, backoff: true, backoffMax: max, jitter: false }, undefined)!;
          const jittered = resolveRetry({ delay, backoff: true, backoffMax: max, jitter: true }, undefined)!;
          const wait = retryDelay(plain, retries);
          expect(wait).toBe(Math.min(max, delay * 2 ** Math.min(retries, 30)));
          const share = retryDelay(jittered, retries, () => random);
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(wait);
        },
      ),
    );
  });

  it('given alone is just that', () => {
    const policy = resolveRetry({ delay: '5s' }, undefined)!;
    expect([0, 1, 7].map((retries) => retryDelay(policy, retries))).toEqual([5000, 5000, 5000]);
  });

  it('defaults to three retries with a backoff of 1 s', () => {
    expect(resolveRetry(true, undefined)).toMatchObject({
      max: 3,
      delayMs: 1000,
      backoff: true,
      backoffMaxMs: 600_000,
      jitter: true,
    });
  });

  it('is made only for the errors that the task names', () => {
    class Temporary extends Error {}
    class Worse extends Temporary {}
    const policy = resolveRetry(
      { for: [Temporary, (e) => e === 'again'], notFor: [Worse], max: 2 },
      undefined,
    )!;
    expect(mayRetry(policy, new Temporary(), 0)).toBe(true);
    expect(mayRetry(policy, 'again', 1)).toBe(true);
    expect(mayRetry(policy, new Worse(), 0)).toBe(false);
    expect(mayRetry(policy, new Error('other'), 0)).toBe(false);
    expect(mayRetry(policy, new Temporary(), 2)).toBe(false);
    expect(mayRetry(resolveRetry({ max: null }, undefined)!, new Error('x'), 1e6)).toBe(true);
  });
});
