import { EventEmitter } from 'node:events';
import { Logger } from '@nestjs/common';
import type { ClaimedTask } from '../store/statements/claim.js';
import type { ReadyTask } from '../store/ready-batch.js';
import type { Slots } from './slots.js';

/** All that a broker ever carries: where to look. The row is the truth. */
export type TaskMessage = ReadyTask;

/** A message that reached a worker; brokers that are the table itself hand over the row already claimed. */
export interface Delivery {
  readonly message: Pick<TaskMessage, 'id' | 'dispatch'>;
  readonly claimed?: ClaimedTask;
}

export interface ConsumeOptions {
  /** The queues to take from; asked before each round, so that the set may change. */
  queues(): readonly string[];
  /** What the worker has room for. A broker takes a slot for each delivery; the worker gives it back when the handler has run. */
  readonly slots: Slots;
  /** The id that the worker claims under now. */
  workerId(): string;
  /** How long to let other workers go first, in ms; above 0 after a task that this worker does not have. Default: 0. */
  hesitation?(): number;
  /** Resolves: acknowledged. Rejects: redelivered. */
  handler(delivery: Delivery): Promise<void>;
}

export interface Consumer {
  /** Looks again at once: the set of queues has changed. */
  wake(): void;
  /** Takes nothing more; resolves when every delivery has been handled. May be called twice. */
  stop(): Promise<void>;
}

/** Whether the broker can be reached. While it cannot, work is accepted all the same and waits in the database. */
export interface BrokerStatus {
  readonly up: boolean;
  readonly since: Date;
  /** Why it cannot be used now, or null. */
  readonly reason: string | null;
}

export interface QueueCounts {
  /** Messages waiting to be taken. */
  readonly waiting: number;
  /** Messages that were put aside because they are none of ours. Default 0. */
  readonly quarantined?: number | undefined;
}

/**
 * Carries messages about ready rows to workers. It may lose, repeat and reorder them: the claim decides what runs, and
 * what was lost is sent again. It knows nothing of delays, retries, results or limits; these are the store's.
 *
 * An abstract class, so that it is type and injection token in one. It emits `up` when it can be used again after it
 * could not.
 */
export abstract class Broker extends EventEmitter<{ up: [] }> {
  private readonly logger = new Logger('Tasks');
  private current: BrokerStatus = { up: true, since: new Date(), reason: null };

  /** The URL's scheme, for people. */
  abstract readonly kind: 'postgres' | 'memory' | 'redis' | 'amqp';
  /** Whether workers find ready rows in the table itself, so that nothing ever has to be sent again. */
  abstract readonly isTable: boolean;
  /** Whether messages leave this process: a crash may come between a commit and the publishing. */
  abstract readonly isRemote: boolean;

  get status(): BrokerStatus {
    return this.current;
  }

  /** @throws BrokerUnavailableError when it cannot be reached now, BrokerRefusedError when trying again will not help */
  abstract connect(): Promise<void>;
  /** Resolves when the broker has them for sure. @throws at once when it cannot be reached: they are sent again */
  abstract publish(messages: readonly TaskMessage[]): Promise<void>;
  abstract consume(options: ConsumeOptions): Promise<Consumer>;
  abstract counts(queue: string): Promise<QueueCounts>;
  /** Drops the messages of a queue, not the rows. @returns how many */
  abstract purge(queue: string): Promise<number>;
  /**
   * Another text whenever the broker may have lost what it held.
   * @param known what it was before, if anything
   */
  abstract epoch(known: string | undefined): Promise<string>;
  /** What it is, which version and where, for people, without a password. @throws when it does not answer. */
  abstract describe(): Promise<string>;
  /** @throws when it does not answer. */
  abstract ping(): Promise<void>;
  /** May be called twice, or before connect. */
  abstract close(): Promise<void>;

  /** Said once in the log, however long it lasts. */
  protected wentDown(reason: string): void {
    const { up } = this.current;
    this.current = { up: false, since: up ? new Date() : this.current.since, reason };
    if (up)
      this.logger.warn(
        `the broker (${this.kind}) is away: ${reason}; tasks are accepted and wait in the database`,
      );
  }

  protected cameUp(): void {
    if (this.current.up) return;
    this.current = { up: true, since: new Date(), reason: null };
    this.logger.log(`the broker (${this.kind}) is back`);
    this.emit('up');
  }
}
