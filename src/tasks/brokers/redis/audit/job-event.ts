import type { Job } from 'bullmq';

/** What is heard of one job, as BullMQ's stream of events has it. */
export interface JobEvent {
  readonly jobId: string;
  readonly event: string;
  /** Milliseconds since 1970, by Redis' clock. */
  readonly at: number;
  /** All values are texts; results and progress are JSON. */
  readonly fields: Readonly<Record<string, string>>;
}

/** A job as far as records tell of it. */
export type JobSnapshot = Pick<
  Job,
  'name' | 'data' | 'opts' | 'attemptsMade' | 'attemptsStarted' | 'processedOn' | 'stacktrace'
>;

/** One entry of a stream: its id, then names and values in turns. */
export type StreamEntry = readonly [id: string, values: readonly string[]];

/** @returns undefined for what is told of the whole queue, and of a job whose id Postgres cannot store */
export function readEvent([id, values]: StreamEntry): JobEvent | undefined {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < values.length; i += 2) fields[values[i]!] = values[i + 1]!;
  const { event, jobId } = fields;
  if (event === undefined || jobId === undefined || jobId.includes('\0')) return undefined;
  return { event, jobId, at: Number.parseInt(id, 10), fields };
}

/** The greatest id below: what is read after it begins with this one. */
export function before(id: string): string {
  const [ms, sequence] = id.split('-').map(BigInt) as [bigint, bigint];
  if (sequence > 0n) return `${ms}-${sequence - 1n}`;
  return `${ms - 1n}-18446744073709551615`;
}

/** What has become of a job that events were missed of, as if they told so. @param state BullMQ's, or 'unknown' */
export function eventOf(
  jobId: string,
  state: string,
  job:
    | Pick<Job, 'returnvalue' | 'failedReason' | 'finishedOn' | 'processedOn' | 'timestamp' | 'delay'>
    | undefined,
  now: number,
): JobEvent | undefined {
  const event = STATES[state];
  if (event === undefined) return undefined;
  const at =
    (event === 'active' ? job?.processedOn : event === 'removed' ? undefined : job?.finishedOn) ?? now;
  return {
    jobId,
    event,
    at,
    fields: {
      prev: state === 'unknown' ? 'unknown' : '',
      returnvalue: JSON.stringify(job?.returnvalue) ?? 'null',
      failedReason: job?.failedReason ?? '',
      delay: String((job?.timestamp ?? now) + (job?.delay ?? 0)),
    },
  };
}

const STATES: Readonly<Record<string, string>> = {
  waiting: 'waiting',
  prioritized: 'waiting',
  delayed: 'delayed',
  active: 'active',
  'waiting-children': 'waiting-children',
  completed: 'completed',
  failed: 'failed',
  unknown: 'removed',
};
