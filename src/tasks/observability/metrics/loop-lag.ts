import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the event loop is looked at: an idle process must cost nothing. */
const RESOLUTION_MS = 100;

/** How long the event loop was blocked at most since it was asked for last. */
export class LoopLag {
  private readonly delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  start(): void {
    this.delay.enable();
  }

  stop(): void {
    this.delay.disable();
  }

  /** Milliseconds; from now on it is measured anew. */
  take(): number {
    const lag = Math.max(0, this.delay.max / 1e6 - RESOLUTION_MS);
    this.delay.reset();
    return lag;
  }
}
