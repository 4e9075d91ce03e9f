import { describe, expect, it } from '@jest/globals';
import { toFilter, withQualifier } from '../../src/tasks/dashboard/page/data/search.js';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const filterOf = (text: string) => toFilter(text, NOW);
const local = (text: string) => new Date(text).toISOString();

describe('the search', () => {
  it('takes spans of time', () => {
    expect(filterOf('since:90m')).toEqual({ from: '2026-06-01T10:30:00.000Z' });
    expect(filterOf('since:2W')).toEqual({ from: '2026-05-18T12:00:00.000Z' });
  });

  it('takes days and times without a zone as the browser’s', () => {
    expect(filterOf('from:2026-01-31')).toEqual({ from: local('2026-01-31T00:00') });
    expect(filterOf('to:2026-01-31T08:30')).toEqual({ to: local('2026-01-31T08:30') });
    expect(filterOf('from:2026-01-31T08:00z')).toEqual({ from: '2026-01-31T08:00:00.000Z' });
    expect(filterOf('from:2026-01-31T08:00:01.5+02:00')).toEqual({ from: '2026-01-31T06:00:01.500Z' });
  });

  it('lets the server refuse what is no time: without it more tasks would fit', () => {
    for (const wrong of ['90min', '1.5h', 'yesterday', '2026-01-31'])
      expect(filterOf(`since:${wrong}`)).toEqual({ from: wrong });
    for (const wrong of ['5', '2026', '2026-02-31', '2026-13-01', 'tomorrow', '2026-01-31T8', '1/2/2026'])
      expect(filterOf(`from:${wrong}`)).toEqual({ from: wrong });
  });

  it('divides a tag at the first sign', () => {
    expect(filterOf('tag:user=42')).toEqual({ tag: 'user:42' });
    expect(filterOf('tag:user:42')).toEqual({ tag: 'user:42' });
    expect(filterOf('tag:url=http://x')).toEqual({ tag: 'url:http://x' });
    expect(filterOf('tag:sum:a=b')).toEqual({ tag: 'sum:a=b' });
  });

  it('quotes what it is given, and finds the same again', () => {
    const text = withQualifier('', 'tag', 'city=New  York');
    expect(text).toBe('tag:"city=New  York"');
    expect(filterOf(text)).toEqual({ tag: 'city:New  York' });
    expect(withQualifier(text, 'state', 'failure')).toBe('tag:"city=New  York" state:failure');
  });

  it('puts one qualifier in the place of another', () => {
    expect(withQualifier('a State:retry  name:"b c"', 'state', 'failure')).toBe('a name:"b c" state:failure');
    expect(withQualifier('a state: b', 'state', undefined)).toBe('a b');
    expect(withQualifier('args:"x state:retry"', 'state', undefined)).toBe('args:"x state:retry"');
  });
});
