import { Logger } from '@nestjs/common';
import type { Slots } from '../brokers/slots.js';
import { LEADS_ON } from '../store/columns.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import type { Outcome } from './outcome.js';

export interface SuccessionOptions {
  readonly slots: Slots;
  /** Whether the worker takes tasks still. */
  takes(): boolean;
  /** Runs and settles a task in a slot that is taken already. */
  run(task: ClaimedTask): Promise<void>;
}

/**
 * A worker goes through a chain without asking anybody: what waits for one task alone is claimed by the statement that
 * ends that task, and takes over its slot. Only while there is room for others too, so that nothing is passed over.
 */
export class Succession {
  private readonly logger = new Logger('Tasks');
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly options: SuccessionOptions) {}

  /** Whether a task keeps its slot until it is settled, for the one after it. */
  keepsSlot({ flags }: ClaimedTask, { kind }: Outcome): boolean {
    const { slots } = this.options;
    return kind === 'end' && (flags & LEADS_ON) !== 0 && slots.free > 0 && this.options.takes();
  }

  follow(heir: ClaimedTask): void {
    const run = this.options
      .run(heir)
      .catch((error: unknown) =>
        this.logger.error(`task ${heir.id} was not settled: ${(error as Error).message}`),
      )
      .finally(() => this.running.delete(run));
    this.running.add(run);
  }

  /** Resolves when all that was gone on with is settled. */
  async ended(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }
}
