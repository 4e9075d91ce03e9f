/**
 * ```
 * WAITING → PENDING → STARTED → SUCCESS | FAILURE
 *                        ↓ ↑
 *                       RETRY          every state that is not final → REVOKED
 * ```
 */
export const TASK_STATES = [
  'WAITING',
  'PENDING',
  'STARTED',
  'RETRY',
  'SUCCESS',
  'FAILURE',
  'REVOKED',
] as const;
/** Where a task is on its way. */
export type TaskState = (typeof TASK_STATES)[number];

/** The states that a task ends in. */
export const FINAL_STATES = ['SUCCESS', 'FAILURE', 'REVOKED'] as const satisfies readonly TaskState[];
/** How a task ended. */
export type FinalState = (typeof FINAL_STATES)[number];

/** A record in a final state never changes; only an operator's retry makes it live again. */
export function isFinal(state: TaskState): state is FinalState {
  return (FINAL_STATES as readonly TaskState[]).includes(state);
}

/** Why an attempt did not end well. */
export const ATTEMPT_OUTCOMES = [
  /** the handler threw, and no retry was left */
  'failed',
  /** the handler threw or asked for it, and is tried again */
  'retried',
  /** the handler asked to be run later, uncharged */
  'snoozed',
  /** its worker stopped before it was done; uncharged */
  'released',
  /** this worker does not have the task; uncharged */
  'unknown',
  /** its worker died or lost its lease */
  'lost',
  /** as lost, and the worker came back later with a result, which was refused */
  'fenced',
  /** it was revoked while it ran */
  'revoked',
  /** it waits for a signal; uncharged */
  'waiting',
  /** other tasks take its place */
  'replaced',
] as const;
/** Why an attempt did not end well. */
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];
