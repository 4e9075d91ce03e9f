import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { callAfter } from '#dist/tasks/submission/call-after.js';

const DAY_MS = 86_400_000;

describe('a call after a long time', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('comes then, and not before', () => {
    const call = jest.fn();
    callAfter(80 * DAY_MS, call);
    jest.advanceTimersByTime(80 * DAY_MS - 1);
    expect(call).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(call).toHaveBeenCalledTimes(1);
  });

  it('can be called off at any time', () => {
    const call = jest.fn();
    const stop = callAfter(80 * DAY_MS, call);
    jest.advanceTimersByTime(50 * DAY_MS);
    stop();
    jest.advanceTimersByTime(50 * DAY_MS);
    expect(call).not.toHaveBeenCalled();
  });
});
