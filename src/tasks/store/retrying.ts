import { setTimeout as sleep } from 'node:timers/promises';
import { isTransient } from './database.js';

export interface RetryingOptions {
  /** `Date.now()` after which no further try is made; the first is always made. */
  readonly until: number;
  /** Ends the waiting early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs an idempotent piece of work until it succeeds, as long as only the database or the way to it is at fault.
 * The waits double from 20 ms to 500 ms, with jitter.
 * @param work is told how often it was tried before
 */
export async function retrying<T>(
  { until, signal }: RetryingOptions,
  work: (tried: number) => Promise<T>,
): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await work(tried);
    } catch (error) {
      const wait = Math.min(500, 20 * 2 ** Math.min(tried, 6)) * (0.5 + Math.random() / 2);
      if (!isTransient(error) || signal?.aborted || Date.now() + wait > until) throw error;
      await sleep(wait);
    }
  }
}
