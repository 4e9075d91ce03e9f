import { describe, expect, it } from '@jest/globals';
import { readEvent } from '#dist/tasks/brokers/redis/audit/job-event.js';
import { JobHistory } from '#dist/tasks/brokers/redis/audit/job-history.js';

const MOST = 32_767;
const job = { name: 'x', data: {}, opts: {}, attemptsMade: 0, attemptsStarted: 0, stacktrace: [] };
const known = {
  jobId: '1',
  id: '01930000-0000-7000-8000-000000000000',
  name: 'emails.x',
  state: 'PENDING',
  attempt: 0,
  retries: 0,
  created_at: '2026-01-31T08:00:00.000Z',
  started_at: null,
  options: null,
} as const;
const event = (name: string, fields: Record<string, string> = {}) => ({
  jobId: '1',
  event: name,
  at: Date.now(),
  fields,
});

describe('the history of a job', () => {
  it('counts starts and retries as far as a record does', () => {
    const started = new JobHistory('emails', { ...known, state: 'RETRY', attempt: MOST, retries: MOST }, job);
    started.hear(event('active'));
    expect(started.close()).toMatchObject([{ attempt: MOST, retries: MOST }]);

    const stacktrace: string[] = [];
    stacktrace[MOST] = 'Error: again\n    at x';
    const put = new JobHistory(
      'emails',
      { ...known, state: 'STARTED', attempt: MOST, retries: MOST },
      { ...job, stacktrace },
    );
    put.hear(event('delayed', { delay: String(Date.now()) }));
    expect(put.close()).toMatchObject([{ attempt: MOST, retries: MOST, attempts: [{ outcome: 'retried' }] }]);

    const unheard = new JobHistory('emails', known, { ...job, attemptsStarted: 1_000_000 });
    unheard.hear(event('completed', { returnvalue: '1' }));
    expect(unheard.close()).toMatchObject([{ attempt: MOST, end: { state: 'SUCCESS' } }]);
  });

  it('is delayed until the last time that can be stored, or until it is not known when', () => {
    const dueAt = (delay: string) => {
      const history = new JobHistory('emails', known, job);
      history.hear(event('delayed', { delay }));
      return history.close()[0]!.options.job?.dueAt;
    };
    expect(dueAt(String(Date.now() + Number.MAX_SAFE_INTEGER))).toBe('9999-12-31T23:59:59.999Z');
    expect(dueAt('1e300')).toBe('9999-12-31T23:59:59.999Z');
    expect(dueAt(String(Date.parse('2030-01-31T00:00:00Z')))).toBe('2030-01-31T00:00:00.000Z');
    expect(dueAt('nan')).toBeUndefined();
  });

  it('has names and ids that can be stored', () => {
    const named = (name: string) => {
      const history = new JobHistory('emails', undefined, { ...job, name });
      history.hear(event('added', { name }));
      return history.close()[0]!.name;
    };
    expect(named('a\0b')).toBe('emails.a\uFFFDb');
    expect(named(`${'x'.repeat(192)}😀`)).toBe(`emails.${'x'.repeat(192)}\uFFFD`);
    expect(readEvent(['1-0', ['event', 'waiting', 'jobId', 'a\0b']])).toBeUndefined();
  });
});
