import { v7 } from 'uuid';
import { recordError } from '../../../execution/recorded-error.js';
import { MAX_COUNT } from '../../../store/columns.js';
import type { JobChange, KnownJob } from '../../../store/job-store.js';
import { isFinal, type AttemptOutcome, type FinalState, type TaskState } from '../../../store/states.js';
import type { RecordedError, RecordedOptions, TaskProgress } from '../../../store/task-record.entity.js';
import type { JobEvent, JobSnapshot } from './job-event.js';

/** Larger values are not recorded, only how large they are. */
const MAX_VALUE = 1024 * 1024;
const MAX_NAME = 200;
/** Begin a record where a job is not known: it is older than its queue's audit, or events were missed. */
const TELLING = new Set(['waiting', 'delayed', 'waiting-children', 'active', 'completed', 'failed']);

/**
 * What has become of one job: its record as it was, moved by one event after the other. What an event does not say
 * is taken from the job, which may be gone already.
 */
export class JobHistory {
  readonly changes: JobChange[] = [];
  private record: Draft | undefined;

  constructor(
    private readonly queue: string,
    known: KnownJob | undefined,
    private readonly job: JobSnapshot | undefined,
  ) {
    this.record = known && new Draft(queue, known);
  }

  hear(event: JobEvent): void {
    if (event.event === 'added') this.add(event, event.fields.name ?? '');
    else if (!this.record && TELLING.has(event.event) && this.job) this.add(event, this.job.name);
    this.record?.hear(event, this.job);
  }

  /** What is to be written. */
  close(): readonly JobChange[] {
    this.keep();
    return this.changes;
  }

  private add({ jobId, at }: JobEvent, name: string): void {
    // a job of the same id was there, and nothing told of its end
    this.record?.end('REVOKED', at, null, REMOVED);
    this.keep();
    const { attempts = 1 } = this.job?.opts ?? {};
    const known: KnownJob = {
      jobId,
      id: v7({ msecs: at }),
      name: storable(`${this.queue}.${name}`),
      state: 'PENDING',
      attempt: 0,
      retries: 0,
      created_at: new Date(at).toISOString(),
      started_at: null,
      options: { retry: { max: Math.max(0, attempts - 1) }, job: { id: jobId } },
    };
    const args = this.job && [bounded(this.job.data)];
    this.record = new Draft(this.queue, known, { args, tags: { bullmq: jobId } });
  }

  private keep(): void {
    if (this.record?.changed) this.changes.push(this.record.toChange());
    this.record = undefined;
  }
}

const REMOVED: RecordedError = { name: 'TaskRevokedError', message: 'removed from its queue' };

/** A record while it is moved. */
class Draft {
  changed: boolean;
  private state: TaskState;
  private attempt: number;
  private retries: number;
  private started: string | null;
  private progress: TaskProgress | null = null;
  private dueAt: string | undefined;
  private revived = false;
  private stalled = false;
  private ending: JobChange['end'];
  /** Since when it could start. */
  private readySince: number | undefined;
  private readonly attempts: JobChange['attempts'][number][] = [];
  private readonly waits: number[] = [];

  constructor(
    private readonly queue: string,
    private readonly known: KnownJob,
    private readonly added?: JobChange['added'],
  ) {
    this.changed = added !== undefined;
    this.state = known.state;
    this.attempt = known.attempt;
    this.retries = known.retries;
    this.started = known.started_at;
    this.dueAt = known.options?.job?.dueAt;
    if (this.attempt === 0) this.readySince = Date.parse(this.dueAt ?? known.created_at);
    else if (this.dueAt !== undefined) this.readySince = Date.parse(this.dueAt);
  }

  hear({ event, at, fields }: JobEvent, job: JobSnapshot | undefined): void {
    const again = fields.prev === 'failed' || fields.prev === 'completed';
    // once it has ended, only its being tried again tells anything new
    if (isFinal(this.state) && !(again && (event === 'waiting' || event === 'delayed'))) return;
    this.changed = true;
    if (event === 'waiting') this.wait(at, undefined, job);
    else if (event === 'delayed') this.wait(at, dueOf(fields.delay), job);
    else if (event === 'waiting-children') this.state = 'WAITING';
    else if (event === 'active') this.start(at);
    else if (event === 'progress') this.progress = progressOf(parsed(fields.data));
    else if (event === 'stalled') this.stalled = true;
    else if (event === 'completed') this.complete(at, parsed(fields.returnvalue), job);
    else if (event === 'failed') this.fail(at, fields.failedReason ?? '', job);
    else if (event === 'removed')
      this.end('REVOKED', at, null, fields.prev === 'unknown' ? { ...REMOVED, message: GONE } : REMOVED);
  }

  end(state: FinalState, at: number, result: unknown, error: RecordedError | null): void {
    if (isFinal(this.state)) return;
    this.changed = true;
    this.state = state;
    this.dueAt = undefined;
    this.ending = { state, finished: new Date(at).toISOString(), result, error };
  }

  toChange(): JobChange {
    const { id, jobId, name, created_at, options } = this.known;
    const job = { id: jobId, ...(this.dueAt !== undefined && { dueAt: this.dueAt }) };
    const recorded: RecordedOptions = { ...options, job };
    return {
      id,
      jobId,
      name,
      queue: this.queue,
      created: created_at,
      ...(this.added && { added: this.added }),
      revived: this.revived,
      state: this.state,
      attempt: this.attempt,
      retries: this.retries,
      started: this.started,
      progress: this.progress,
      options: recorded,
      waits: this.waits,
      attempts: this.attempts,
      ...(this.ending && { end: this.ending }),
    };
  }

  private wait(at: number, due: number | undefined, job: JobSnapshot | undefined): void {
    if (isFinal(this.state)) {
      // it may have ended in this very batch
      this.revived = this.ending === undefined;
      this.ending = undefined;
    } else if (this.state === 'STARTED') this.endAttempt(at, due, job);
    this.state = this.attempt > 0 ? 'RETRY' : 'PENDING';
    this.dueAt = due === undefined ? undefined : new Date(due).toISOString();
    this.readySince = due ?? at;
  }

  private start(at: number): void {
    this.state = 'STARTED';
    this.attempt = Math.min(this.attempt + 1, MAX_COUNT);
    this.started = new Date(at).toISOString();
    this.dueAt = undefined;
    if (this.readySince !== undefined) this.waits.push(Math.max(0, at - this.readySince));
    this.readySince = undefined;
  }

  /** It ran, and will again: it threw, was put off or back, or its worker was lost. */
  private endAttempt(at: number, due: number | undefined, job: JobSnapshot | undefined): void {
    if (this.stalled) return this.noteAttempt(at, 'lost', null);
    const stack = stackOf(job, this.retries);
    if (stack === undefined) return this.noteAttempt(at, due === undefined ? 'released' : 'snoozed', null);
    this.noteAttempt(at, 'retried', errorOf(stack));
    this.retries = Math.min(this.retries + 1, MAX_COUNT);
  }

  private complete(at: number, result: unknown, job: JobSnapshot | undefined): void {
    this.presume(job);
    this.end('SUCCESS', at, bounded(result), null);
  }

  private fail(at: number, reason: string, job: JobSnapshot | undefined): void {
    this.presume(job);
    const error = errorOf(stackOf(job, this.retries), reason);
    this.noteAttempt(at, this.stalled ? 'lost' : 'failed', error);
    this.end('FAILURE', at, null, error);
  }

  /** Its start was not heard of. */
  private presume(job: JobSnapshot | undefined): void {
    if (this.attempt > 0) return;
    this.attempt = Math.min(Math.max(1, job?.attemptsStarted ?? 1), MAX_COUNT);
    if (job?.processedOn !== undefined) this.started = new Date(job.processedOn).toISOString();
  }

  private noteAttempt(at: number, outcome: AttemptOutcome, error: RecordedError | null): void {
    const { attempt, started } = this;
    this.attempts.push({ attempt, started, ended: new Date(at).toISOString(), outcome, error });
    this.stalled = false;
  }
}

/** BullMQ takes any delay; a date has an end. */
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

function dueOf(text: string | undefined): number | undefined {
  const due = Number(text);
  return Number.isNaN(due) ? undefined : Math.min(Math.max(0, due), LATEST);
}

/** Postgres stores no NUL, and the cut may go through a pair. */
const storable = (name: string) => name.replaceAll('\0', '\uFFFD').slice(0, MAX_NAME).toWellFormed();

const GONE = 'not in its queue any more; how it ended was not heard';

function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? 'null');
  } catch {
    return json;
  }
}

function bounded(value: unknown): unknown {
  const length = JSON.stringify(value)?.length ?? 0;
  return length > MAX_VALUE ? `(${length} characters of JSON: not recorded)` : (value ?? null);
}

/** A number is a percentage, as BullMQ's own pages take it. */
function progressOf(given: unknown): TaskProgress {
  if (typeof given === 'number')
    return {
      current: given,
      total: 100,
      percent: Math.min(100, Math.max(0, given)),
      message: null,
      detail: null,
    };
  const message = typeof given === 'string' ? given : null;
  return {
    current: 0,
    total: null,
    percent: null,
    message,
    detail: message === null ? bounded(given) : null,
  };
}

/** Of the failure after `earlier` others; where BullMQ keeps only some, the last. */
function stackOf(job: JobSnapshot | undefined, earlier: number): string | undefined {
  if (!job) return undefined;
  const stacks = job.stacktrace ?? [];
  if (job.opts.stackTraceLimit === undefined) return stacks[earlier];
  return job.attemptsMade > earlier ? (stacks.at(-1) ?? 'Error: its stack was not kept') : undefined;
}

const FIRST_LINE = /^(?:([A-Za-z_$][\w$.]*): )?([^]*?)(?:\n\s+at [^]*)?$/;

function errorOf(stack: string | undefined, reason?: string): RecordedError {
  const [, name, message] = FIRST_LINE.exec(stack ?? '') ?? [];
  const error = new Error(reason ?? message ?? '');
  error.name = name ?? 'Error';
  error.stack = stack ?? '';
  const { stack: recorded, ...rest } = recordError(error);
  return recorded ? { ...rest, stack: recorded } : rest;
}
