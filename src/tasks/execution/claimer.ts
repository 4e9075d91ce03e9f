import { setTimeout as sleep } from 'node:timers/promises';
import { ReadyMarks } from '../brokers/ready-marks.js';
import { ShuttingDownError } from '../errors.js';
import { Batcher } from '../store/batcher.js';
import { retrying } from '../store/retrying.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import { newFence } from '../store/fence.js';
import type { TaskStore } from '../store/task-store.js';

type Message = Readonly<{ id: string; dispatch: number }>;

export interface ClaimerOptions {
  /** The id that the worker claims under now. */
  workerId(): string;
  /** Whether it takes tasks still. */
  takes(): boolean;
}

const REBIRTH_POLL_MS = 50;

/** Claims the rows that messages name, many in one statement. */
export class Claimer {
  private readonly batcher: Batcher<Message, ClaimedTask | undefined>;
  private readonly marks = new ReadyMarks();

  constructor(
    private readonly store: TaskStore,
    private readonly options: ClaimerOptions,
  ) {
    this.batcher = new Batcher({
      what: 'messages',
      lanes: 1,
      maxItems: 500,
      capacity: 10_000,
      execute: (items) => this.claimAll(items),
    });
  }

  /**
   * Waits, in its slot, while the database is away.
   * @returns undefined for what is somebody else's or over
   * @throws ShuttingDownError: the broker gives the message to another worker
   */
  claim(message: Message): Promise<ClaimedTask | undefined> {
    return this.batcher.add(message);
  }

  /** Since when the newest claimed row of a queue and priority was ready. */
  newest(...place: Parameters<ReadyMarks['get']>): ReturnType<ReadyMarks['get']> {
    return this.marks.get(...place);
  }

  private async claimAll(messages: readonly Message[]): Promise<(ClaimedTask | undefined)[]> {
    const claimed = await this.claimSurely(messages);
    this.marks.learn([...claimed.values()]);
    return messages.map((message) => {
      const task = claimed.get(message.id);
      // two messages for one row must not both run it
      claimed.delete(message.id);
      return task;
    });
  }

  private async claimSurely(messages: readonly Message[]): Promise<Map<string, ClaimedTask>> {
    const { store, options } = this;
    const claimed = new Map<string, ClaimedTask>();
    for (;;) {
      const id = options.workerId();
      const fence = newFence();
      const isAlive = await retrying({ until: Number.POSITIVE_INFINITY }, async (tried) => {
        if (!options.takes()) throw new ShuttingDownError();
        if (tried > 0) for (const task of await store.claimedUnder(id, fence)) claimed.set(task.id, task);
        const open = messages.filter((message) => !claimed.has(message.id));
        if (open.length > 0)
          for (const task of await store.claimById(id, open, fence)) claimed.set(task.id, task);
        return claimed.size === messages.length || (await store.isAlive(id));
      });
      if (isAlive) return claimed;
      // buried, or about to be registered anew, it claims nothing: its messages would be lost until they are missed
      await sleep(REBIRTH_POLL_MS);
    }
  }
}
