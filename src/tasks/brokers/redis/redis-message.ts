import type { JobJson } from 'bullmq';
import type { TaskMessage } from '../broker.js';

const JOB_ID = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(\d{1,9})$/;

/** The id of a task's job: given out anew, a task is another job, and the same job twice is one. */
export function jobIdOf({ id, dispatch }: TaskMessage): string {
  return `${id}-${dispatch}`;
}

/** What a job's id says; undefined for a job that is none of ours. */
export function readJobId(jobId: string): { id: string; dispatch: number } | undefined {
  const [, id, dispatch] = JOB_ID.exec(jobId) ?? [];
  return id === undefined ? undefined : { id, dispatch: Number(dispatch) };
}

/** All that BullMQ stores of a task: its name, for dashboards of BullMQ. The record has the rest. */
export function toJob(message: TaskMessage, jobId: string, timestamp: number): JobJson {
  return {
    id: jobId,
    name: message.name,
    data: '{}',
    // BullMQ's 1 comes first, and comes after no priority at all
    opts: {
      attempts: 1,
      removeOnComplete: true,
      removeOnFail: true,
      priority: 10 - message.priority,
      timestamp,
    },
    timestamp,
    progress: 0,
    attemptsMade: 0,
    attemptsStarted: 0,
    failedReason: '',
    returnvalue: '',
    stalledCounter: 0,
  };
}

/** BullMQ's queue names may not contain a colon. */
export function queueNameOf(queue: string): string {
  return queue.replaceAll(':', '%3A');
}

/** Where all of a schema's keys lie in Redis. A Cluster keeps them in one slot by the braces. */
export function prefixOf(schema: string, cluster: boolean): string {
  return cluster ? `{celeriac:${schema}}` : `celeriac:${schema}`;
}
