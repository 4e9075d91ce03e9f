import { Logger } from '@nestjs/common';

/** How urgently a worker is told to stop. */
export interface Stopping {
  /** Aborted to end the grace early: signals are aborted, and what does not end is given back. */
  readonly hurry: AbortSignal;
  /** Aborted to give everything back at once. `hurry` is aborted too. */
  readonly cold: AbortSignal;
}

/** Both at once, to be driven by signals or by a supervisor. */
export class StopControl implements Stopping {
  private readonly hurrying = new AbortController();
  private readonly freezing = new AbortController();
  readonly hurry: AbortSignal = this.hurrying.signal;
  readonly cold: AbortSignal = this.freezing.signal;

  hurryUp(): void {
    this.hurrying.abort();
  }

  coldStop(): void {
    this.freezing.abort();
    this.hurrying.abort();
  }
}

/** A second signal this soon after the first is the same key press, delivered by a parent process as well. */
const DEBOUNCE_MS = 500;

/** Exit codes of a worker and of an application: documented in docs/workers.md. */
export const EXIT_STOPPED = 0;
export const EXIT_FAILED = 1;

/**
 * Calls `stop` at the first SIGTERM or SIGINT (warm), aborts `hurry` at a second one, and both at SIGQUIT (cold); then
 * the process ends by itself with 0, or with 1 when stopping failed. The handlers are there from now on: as process 1 of
 * a container a signal without a handler is ignored.
 */
export function stopOnSignals(
  stop: (hurry: AbortSignal, cold: AbortSignal) => Promise<void>,
  logger = new Logger('Tasks'),
): void {
  const control = new StopControl();
  let first = 0;
  const begin = () => {
    first = Date.now();
    stop(control.hurry, control.cold).then(
      () => process.exit(EXIT_STOPPED),
      (error: unknown) => {
        logger.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
        process.exit(EXIT_FAILED);
      },
    );
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (first === 0) {
      logger.log(`${signal}: finishing what runs; once more to stop at once`);
      begin();
    } else if (Date.now() - first > DEBOUNCE_MS && !control.hurry.aborted) {
      logger.log(`${signal} again: what still runs is aborted, and given back when it does not end`);
      control.hurryUp();
    }
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('SIGQUIT', (signal) => {
    logger.log(`${signal}: giving back what runs`);
    control.coldStop();
    if (first === 0) begin();
  });
}
