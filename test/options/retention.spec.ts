import { describe, expect, it } from '@jest/globals';
import { resolveRetention } from '#dist/tasks/control/retention/retention-options.js';
import { resolveTasksOptions } from '#dist/tasks/tasks.options.js';

const DAY = 86_400_000;

describe('the option retention', () => {
  const kept = (given: Parameters<typeof resolveRetention>[0]) =>
    resolveRetention(given).rules.map(({ pattern, state, keepMs }) => `${pattern} ${state} ${keepMs / DAY}`);

  it('keeps records for 90 days, logs for 30, and the audit for a year unless told otherwise', () => {
    expect(kept(undefined)).toEqual(['% SUCCESS 90', '% FAILURE 90', '% REVOKED 90']);
    expect(resolveRetention({})).toMatchObject({ logsMs: 30 * DAY, auditMs: 365 * DAY });
  });

  it('may be one time for all, or false for ever', () => {
    expect(kept('2 days')).toEqual(['% SUCCESS 2', '% FAILURE 2', '% REVOKED 2']);
    expect(kept(false)).toEqual(['% SUCCESS Infinity', '% FAILURE Infinity', '% REVOKED Infinity']);
  });

  it('may differ by state and by task; a task says only what differs', () => {
    expect(
      kept({ success: '7 days', failure: false, tasks: { 'a_b.*': '1 day', ping: { revoked: '3 days' } } }),
    ).toEqual([
      'a\\_b.% SUCCESS 1',
      'a\\_b.% FAILURE 1',
      'a\\_b.% REVOKED 1',
      'ping SUCCESS 7',
      'ping FAILURE Infinity',
      'ping REVOKED 3',
      '% SUCCESS 7',
      '% FAILURE Infinity',
      '% REVOKED 90',
    ]);
  });

  const wrong: [unknown, RegExp][] = [
    ['soon', /^retention: expected milliseconds or a text/],
    ['10ms', /^retention: expected at least '1s', got '10ms'/],
    [true, /^retention: expected a duration such as '30 days', false, or an object of them, got true/],
    [['1d'], /^retention: expected a duration/],
    [{ succes: '1d' }, /^retention\.succes: expected one of success, failure.*did you mean 'success'/],
    [{ failure: -1 }, /^retention\.failure: expected milliseconds/],
    [{ logs: null, audit: '0s' }, /^retention\.audit: expected at least '1s'/],
    [{ tasks: '1d' }, /^retention\.tasks: expected an object of task names/],
    [{ tasks: { 'a b': '1d' } }, /^retention\.tasks: expected patterns of a task's name and \*/],
    [{ tasks: { a: { sucess: '1d' } } }, /^retention\.tasks\['a'\]\.sucess: expected one of success/],
    [{ tasks: { a: { success: {} } } }, /^retention\.tasks\['a'\]\.success: expected a duration/],
  ];
  for (const [given, message] of wrong)
    it(`refuses ${JSON.stringify(given)}`, () => {
      expect(() => resolveTasksOptions({ retention: given as never })).toThrow(message);
    });
});
