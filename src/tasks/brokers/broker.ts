import type { ClaimedTask } from '../store/statements/claim.js';
import type { ReadyTask } from '../store/task-store.js';
import type { Slots } from './slots.js';

/** All that a broker ever carries: where to look. The row is the truth. */
export type TaskMessage = ReadyTask;

/** A message that reached a worker; brokers that are the table itself hand over the row already claimed. */
export interface Delivery {
  readonly message: TaskMessage;
  readonly claimed?: ClaimedTask;
}

export interface ConsumeOptions {
  /** The queues to take from; asked before each round, so that the set may change. */
  queues(): readonly string[];
  /** What the worker has room for. A broker takes a slot for each delivery; the worker gives it back when the handler has run. */
  readonly slots: Slots;
  /** The id that the worker claims under now. */
  workerId(): string;
  /** Resolves: acknowledged. Rejects: redelivered. */
  handler(delivery: Delivery): Promise<void>;
}

export interface Consumer {
  /** Looks again at once: the set of queues has changed. */
  wake(): void;
  /** Takes nothing more; resolves when every delivery has been handled. May be called twice. */
  stop(): Promise<void>;
}

export interface QueueCounts {
  /** Messages waiting to be taken. */
  readonly waiting: number;
}

/**
 * Carries messages about ready rows to workers. It may lose, repeat and reorder them: the claim decides what runs, and
 * what was lost is sent again. It knows nothing of delays, retries, results or limits; these are the store's.
 *
 * An abstract class, so that it is type and injection token in one.
 */
export abstract class Broker {
  /** The URL's scheme. */
  abstract readonly kind: string;
  /** Whether workers find ready rows in the table itself, so that nothing ever has to be sent again. */
  abstract readonly isTable: boolean;

  /** @throws when it cannot be reached. */
  abstract connect(): Promise<void>;
  abstract publish(messages: readonly TaskMessage[]): Promise<void>;
  abstract consume(options: ConsumeOptions): Promise<Consumer>;
  abstract counts(queue: string): Promise<QueueCounts>;
  /** Drops the messages of a queue, not the rows. @returns how many */
  abstract purge(queue: string): Promise<number>;
  /** Changes whenever the broker may have lost what it held. */
  abstract epoch(): Promise<string>;
  /** @throws when it does not answer. */
  abstract ping(): Promise<void>;
  /** May be called twice, or before connect. */
  abstract close(): Promise<void>;
}
