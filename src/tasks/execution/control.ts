import { IntrinsicException } from '@nestjs/common';
import type { RetryRequest } from '../definition/task-context.js';
import type { Step } from '../workflow/step.js';

/**
 * What `ctx.retry()`, `ctx.reject()` and their like throw to leave the handler. Intrinsic, so that Nest does not
 * log them as errors. Application code does not catch them by type.
 */
export abstract class ControlError extends IntrinsicException {}

export class RetryControl extends ControlError {
  constructor(readonly request: RetryRequest) {
    super('the task asked to be retried', { cause: request.cause });
  }
}

export class RejectControl extends ControlError {
  constructor(readonly reason: string) {
    super(reason);
  }
}

export class SnoozeControl extends ControlError {
  constructor(readonly delayMs: number) {
    super('the task asked to be run later');
  }
}

/** Other tasks take its place. */
export class ReplaceControl extends ControlError {
  constructor(readonly step: Step) {
    super('the task asked to be replaced');
  }
}

export class WaitControl extends ControlError {
  constructor(
    readonly signal: string,
    readonly timeoutMs: number | null,
  ) {
    super(`the task waits for the signal '${signal}'`);
  }
}

/** Why a running task's signal was aborted; the reason that `signal.throwIfAborted()` throws. */
export class TaskAborted extends IntrinsicException {
  constructor(
    readonly why: 'revoked' | 'shutdown' | 'lease lost',
    message: string,
  ) {
    super(message);
    this.name = 'AbortError';
  }
}
