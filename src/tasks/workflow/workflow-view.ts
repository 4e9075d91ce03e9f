import type { TaskState } from '../store/states.js';
import { EDGE_POLICY } from '../store/statements/cascade.js';
import type { TaskRecord } from '../submission/task-view.js';

/** How many tasks of a workflow are in which state. Callbacks and errbacks that were not needed do not count. */
export interface WorkflowProgress {
  total: number;
  waiting: number;
  pending: number;
  started: number;
  retry: number;
  succeeded: number;
  failed: number;
  revoked: number;
  /** Ended, well or not, of the total: 0 to 100. */
  percent: number;
}

/** A task of a workflow: its record, without arguments and result. */
export type WorkflowNode = Pick<
  TaskRecord,
  | 'id'
  | 'name'
  | 'queue'
  | 'state'
  | 'attempt'
  | 'progress'
  | 'error'
  | 'groupId'
  | 'createdAt'
  | 'startedAt'
  | 'finishedAt'
  | 'runtimeMs'
  | 'revokedReason'
>;

/** That a task of a workflow waits for another. */
export interface WorkflowEdge {
  /** The task that is waited for. */
  from: string;
  /** The one that waits. */
  to: string;
  /** `result`: it must succeed · `settled`: any end will do · `failure`: an errback · `success`: a callback. */
  kind: 'result' | 'settled' | 'failure' | 'success';
}

/** A workflow: state, times and error are those of the task that ends last, whose id it has. */
export interface WorkflowRecord extends Pick<
  TaskRecord,
  'id' | 'name' | 'state' | 'error' | 'owner' | 'tags' | 'createdAt' | 'finishedAt'
> {
  progress: WorkflowProgress;
  /** In the order of their making, at most as many as were asked for. */
  nodes: WorkflowNode[];
  edges: WorkflowEdge[];
  /** Whether there are more nodes. */
  truncated: boolean;
}

/** @param counts by state */
export function progressOf(
  counts: readonly { state: TaskState; unneeded: boolean; n: number }[],
): WorkflowProgress {
  const of = (state: TaskState) =>
    counts.filter((count) => count.state === state && !count.unneeded).reduce((sum, { n }) => sum + n, 0);
  const [succeeded, failed, revoked] = [of('SUCCESS'), of('FAILURE'), of('REVOKED')];
  const [waiting, pending, started, retry] = [of('WAITING'), of('PENDING'), of('STARTED'), of('RETRY')];
  const ended = succeeded + failed + revoked;
  const total = ended + waiting + pending + started + retry;
  const percent = total === 0 ? 0 : Math.floor((ended / total) * 1000) / 10;
  return { total, waiting, pending, started, retry, succeeded, failed, revoked, percent };
}

export function nodeOf(record: TaskRecord): WorkflowNode {
  const { id, name, queue, state, attempt, progress, error, groupId } = record;
  const { createdAt, startedAt, finishedAt, runtimeMs, revokedReason } = record;
  return {
    id,
    name,
    queue,
    state,
    attempt,
    progress,
    error: error && { name: error.name, message: error.message },
    groupId,
    createdAt,
    startedAt,
    finishedAt,
    runtimeMs,
    revokedReason,
  };
}

const KINDS = new Map<number, WorkflowEdge['kind']>([
  [EDGE_POLICY.required, 'result'],
  [EDGE_POLICY.settled, 'settled'],
  [EDGE_POLICY.failed, 'failure'],
  [EDGE_POLICY.succeeded, 'success'],
]);

export const edgeOf = ({ from, to, policy }: { from: string; to: string; policy: number }): WorkflowEdge => ({
  from,
  to,
  kind: KINDS.get(policy)!,
});
