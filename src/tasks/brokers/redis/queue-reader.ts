import type { RedisQueueBackend } from 'bullmq';

/** One queue of a worker, as far as it is read. */
export interface QueueReader {
  readonly name: string;
  readonly backend: RedisQueueBackend;
  /** Jobs in hand, by their ids, with the time they were taken. */
  readonly open: Map<string, number>;
  /** Whether to take from it; one that is not keeps what is in hand until it has ended. */
  wanted: boolean;
  /** Whether the last look found nothing. */
  empty: boolean;
  /** Jobs that are to be acknowledged at the end of this turn. */
  done: string[];
  /** Requests for jobs on their way. */
  asking: number;
}

export function createReader(name: string, backend: RedisQueueBackend): QueueReader {
  return { name, backend, open: new Map(), wanted: true, empty: false, done: [], asking: 0 };
}
