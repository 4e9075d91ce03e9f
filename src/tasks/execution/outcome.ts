import type { StandardSchemaV1 } from '@standard-schema/spec';
import { mayRetry, resolveRetry, retryDelay, type RetryPolicy } from '../definition/retry-policy.js';
import type { TaskSettings } from '../definition/task-settings.js';
import { checkSchema } from '../definition/validation/check-schema.js';
import { toMilliseconds } from '../duration.js';
import { CeleriacError, InvalidArgumentError, TimeLimitExceededError, WorkerLostError } from '../errors.js';
import { ACKNOWLEDGED_EARLY, HAS_DEPENDENTS, PAYLOAD_THRESHOLD } from '../store/columns.js';
import type { AttemptOutcome, FinalState } from '../store/states.js';
import type { ClaimedTask, Execution } from '../store/statements/claim.js';
import type { Ending } from '../store/statements/finish.js';
import type { RecordedError } from '../store/task-record.entity.js';
import type { Step } from '../workflow/step.js';
import {
  RejectControl,
  ReplaceControl,
  RetryControl,
  SnoozeControl,
  TaskAborted,
  WaitControl,
} from './control.js';
import { isError, recordError } from './recorded-error.js';

/** The most characters of JSON that a result may have. */
const MAX_RESULT_LENGTH = 8 * 1024 * 1024;
/** How soon a task unknown to this worker is offered again, at most; half of it at least. */
export const UNKNOWN_TASK_DELAY_MS = 5000;

/** What becomes of a task after an attempt. */
export type Outcome =
  | {
      readonly kind: 'end';
      readonly state: FinalState;
      readonly result: string | null;
      readonly large: boolean;
      readonly error: RecordedError | null;
      /** What it adds to its group. */
      readonly more?: readonly Step[];
    }
  | {
      readonly kind: 'defer';
      readonly state: 'RETRY' | 'PENDING';
      readonly delayMs: number;
      readonly counted: boolean;
      readonly charged: boolean;
      readonly outcome: AttemptOutcome;
      readonly error: RecordedError | null;
    }
  | {
      readonly kind: 'wait';
      readonly signal: string;
      readonly timeoutMs: number | null;
      readonly error: null;
    }
  | { readonly kind: 'replace'; readonly step: Step; readonly error: null };

export type End = Extract<Outcome, { kind: 'end' }>;

/** The handler returned something that JSON or Postgres cannot carry; retrying would not help. */
class ResultError extends CeleriacError {
  constructor(
    readonly code: 'RESULT_NOT_SERIALIZABLE' | 'RESULT_TOO_LARGE' | 'RESULT_INVALID',
    message: string,
  ) {
    super(message);
  }
}

/** The handler returned. */
export function returned(value: unknown): End {
  try {
    const json = toJson(value);
    return {
      kind: 'end',
      state: 'SUCCESS',
      result: json,
      large: json !== null && json.length > PAYLOAD_THRESHOLD,
      error: null,
    };
  } catch (error) {
    return failure(error);
  }
}

/** The handler returned, and the task declares what. */
export async function returnedFitting(value: unknown, schema: StandardSchemaV1): Promise<End> {
  try {
    return returned(await checkSchema(schema, value, 'result'));
  } catch (error) {
    return failure(new ResultError('RESULT_INVALID', (error as Error).message));
  }
}

/** The handler threw. */
export function threw(
  thrown: unknown,
  task: ClaimedTask,
  settings: TaskSettings,
  aborted: Error | undefined,
): Outcome {
  if (aborted instanceof TaskAborted) {
    // whatever a handler throws while it is being stopped comes of the stopping
    return aborted.why === 'revoked' ? revoked() : stopped(task);
  }
  if (thrown instanceof SnoozeControl)
    return {
      kind: 'defer',
      state: 'PENDING',
      delayMs: thrown.delayMs,
      counted: true,
      charged: false,
      outcome: 'snoozed',
      error: null,
    };
  if (thrown instanceof WaitControl)
    return { kind: 'wait', signal: thrown.signal, timeoutMs: thrown.timeoutMs, error: null };
  if (thrown instanceof ReplaceControl) return { kind: 'replace', step: thrown.step, error: null };
  if (thrown instanceof RejectControl)
    return failure(Object.assign(new Error(thrown.reason), { name: 'TaskRejectedError' }));

  // the same arguments would not fit the next time either
  if (thrown instanceof InvalidArgumentError) return failure(thrown);
  const policy = settings.retry;
  if (thrown instanceof RetryControl) return retryAsked(thrown, task, policy);
  // fetch and others throw an AbortError of their own: the reason says why
  const error = isAbortError(thrown) && aborted !== undefined ? aborted : thrown;
  if (policy === undefined || !mayRetry(policy, error, task.retries)) return failure(error);
  return retried(retryDelay(policy, task.retries), error);
}

/** It ran past its hard time limit: tried again where its policy has retries for that. */
export function timedOut(
  limitMs: number,
  task: Pick<ClaimedTask, 'retries'>,
  { retry }: TaskSettings,
): Outcome {
  const error = new TimeLimitExceededError(limitMs);
  if (retry === undefined || !mayRetry(retry, error, task.retries)) return failure(error);
  return retried(retryDelay(retry, task.retries), error);
}

/** What ran it died under it, and its worker lives. Charged as a crash, as when a worker dies. */
export function crashed(
  task: Pick<ClaimedTask, 'flags' | 'crashes'>,
  how: string,
  maxCrashes: number,
): Outcome {
  if ((task.flags & ACKNOWLEDGED_EARLY) !== 0)
    return failure(new WorkerLostError(`${how}, and with acksLate: false it runs at most once`));
  const deaths = task.crashes + 1;
  if (deaths > maxCrashes)
    return failure(new WorkerLostError(`what ran it died ${deaths} times; the last time ${how}`));
  return {
    kind: 'defer',
    state: 'PENDING',
    delayMs: Math.random() * task.crashes * 3000,
    counted: true,
    charged: false,
    outcome: 'lost',
    error: recordError(new WorkerLostError(how)),
  };
}

/** It was revoked while it ran. */
export function revoked(): End {
  return { kind: 'end', state: 'REVOKED', result: null, large: false, error: null };
}

/** This worker stops before the task is done: it runs again elsewhere, unless at most once was asked for. */
export function stopped(task: Pick<ClaimedTask, 'flags'>): Outcome {
  if ((task.flags & ACKNOWLEDGED_EARLY) === 0) return released();
  return failure(
    new WorkerLostError('its worker stopped while it ran, and with acksLate: false it runs at most once'),
  );
}

/** Without what `ignoreResult` says is not to be kept. */
export function asKept(outcome: Outcome, settings: TaskSettings): Outcome {
  if (!settings.ignoreResult || outcome.kind === 'wait' || outcome.kind === 'replace') return outcome;
  const error =
    outcome.error === null || settings.storeErrorsEvenIfIgnored
      ? outcome.error
      : { name: outcome.error.name, message: 'not kept: the task ignores its results' };
  return outcome.kind === 'end' ? { ...outcome, result: null, large: false, error } : { ...outcome, error };
}

/** Given out anew: uncharged, and the start does not count. */
export function released(): Outcome {
  return {
    kind: 'defer',
    state: 'PENDING',
    delayMs: 0,
    counted: false,
    charged: false,
    outcome: 'released',
    error: null,
  };
}

/** This worker does not have the task: it waits for one that has it. */
export function unknownHere(): Outcome {
  return {
    kind: 'defer',
    state: 'PENDING',
    // spread, or one worker that lacks the task would be given all of them again at once
    delayMs: UNKNOWN_TASK_DELAY_MS * (1 - Math.random() / 2),
    counted: false,
    charged: false,
    outcome: 'unknown',
    error: null,
  };
}

export function failure(error: unknown): End {
  return { kind: 'end', state: 'FAILURE', result: null, large: false, error: recordError(error) };
}

/** As it is written. @param progress the last that is not written yet, JSON */
export function endingOf(
  { id, fence, options, flags }: Execution,
  { state, result, large, error }: End,
  progress: string | null,
): Ending {
  return {
    id,
    fence,
    state,
    result,
    largeResult: large,
    error: error && JSON.stringify(error),
    progress,
    expires: options?.resultExpiresMs !== undefined,
    awaited: (flags & HAS_DEPENDENTS) !== 0,
  };
}

function retried(delayMs: number, error: unknown): Outcome {
  return {
    kind: 'defer',
    state: 'RETRY',
    delayMs,
    counted: true,
    charged: true,
    outcome: 'retried',
    error: recordError(error),
  };
}

/** Asked for by the handler: works without a `retry` option too, with its defaults. */
function retryAsked(control: RetryControl, task: ClaimedTask, given: RetryPolicy | undefined): Outcome {
  const policy = given ?? resolveRetry(true, undefined)!;
  const { countdown, cause } = control.request;
  const max = control.request.max ?? policy.max;
  if (max !== null && task.retries >= max)
    return failure(
      cause ??
        Object.assign(new Error(`no retry is left after ${task.retries}`), {
          name: 'MaxRetriesExceededError',
        }),
    );
  const delayMs =
    countdown === undefined ? retryDelay(policy, task.retries) : toMilliseconds(countdown, 'countdown');
  return retried(delayMs, cause ?? control);
}

function isAbortError(thrown: unknown): boolean {
  return isError(thrown) && (thrown.name === 'AbortError' || thrown.name === 'TimeoutError');
}

/** @throws ResultError */
function toJson(value: unknown): string | null {
  if (value === undefined) return null;
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    throw new ResultError(
      'RESULT_NOT_SERIALIZABLE',
      `the result has no form in JSON: ${(error as Error).message}`,
    );
  }
  if (json === undefined)
    throw new ResultError('RESULT_NOT_SERIALIZABLE', `the result, a ${typeof value}, has no form in JSON`);
  if (json.length > MAX_RESULT_LENGTH)
    throw new ResultError(
      'RESULT_TOO_LARGE',
      `the result has ${json.length} characters of JSON, at most ${MAX_RESULT_LENGTH} are stored`,
    );
  // JSON.stringify writes \u only for what Postgres may refuse: control characters and lone surrogates
  if (json.includes('\\u') && /(?<!\\)(?:\\\\)*\\u(0000|d[89a-f])/.test(json))
    throw new ResultError(
      'RESULT_NOT_SERIALIZABLE',
      'the result contains the character U+0000 or a lone surrogate, which Postgres cannot store',
    );
  return json;
}
