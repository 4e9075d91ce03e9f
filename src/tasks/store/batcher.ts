import { OverloadedError } from '../errors.js';

export interface BatcherOptions<Item, Result> {
  /** For messages: what waits here. */
  readonly what: string;
  /** How many batches may be under way at once. */
  readonly lanes: number;
  /** The most items of one batch. */
  readonly maxItems: number;
  /** The most that may wait; more are refused. */
  readonly capacity: number;
  /** One result for each item, in their order; an Error among them rejects just that item. */
  execute(items: readonly Item[], waitingSince: number): Promise<readonly (Result | Error)[]>;
}

/** Fewer than this are not worth a second statement. */
const MIN_SHARE = 100;

interface Entry<Item, Result> {
  readonly item: Item;
  readonly since: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Group commit: what arrives while every lane is busy travels together in the next batch; when idle, an item waits
 * no longer than until the current turn of the event loop has ended.
 */
export class Batcher<Item, Result> {
  private waiting: Entry<Item, Result>[] = [];
  private busy = 0;
  private scheduled = false;
  private idle: (() => void)[] = [];

  constructor(private readonly options: BatcherOptions<Item, Result>) {}

  /** How many items wait or are under way. */
  get size(): number {
    return this.waiting.length + this.busy;
  }

  /** @throws OverloadedError (as a rejection) when {@link BatcherOptions.capacity} items wait already. */
  add(item: Item): Promise<Result> {
    if (this.waiting.length >= this.options.capacity)
      return Promise.reject(
        new OverloadedError(
          `${this.options.capacity} ${this.options.what} are waiting for the database already: try again later`,
        ),
      );
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, since: Date.now(), resolve, reject });
      if (!this.scheduled && this.busy < this.options.lanes) {
        this.scheduled = true;
        setImmediate(this.flush);
      }
    });
  }

  /** Resolves when nothing waits and nothing is under way. */
  drained(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  private readonly flush = (): void => {
    this.scheduled = false;
    while (this.waiting.length > 0 && this.busy < this.options.lanes) {
      // shared out evenly, so that one lane prepares while the other one commits
      const share = Math.ceil(this.waiting.length / (this.options.lanes - this.busy));
      const size = Math.min(this.options.maxItems, Math.max(MIN_SHARE, share));
      const batch = this.waiting.length <= size ? this.waiting : this.waiting.slice(0, size);
      this.waiting = batch === this.waiting ? [] : this.waiting.slice(size);
      this.busy++;
      void this.execute(batch);
    }
  };

  private async execute(batch: Entry<Item, Result>[]): Promise<void> {
    try {
      const results = await this.options.execute(
        batch.map((entry) => entry.item),
        batch[0]!.since,
      );
      for (let i = 0; i < batch.length; i++) {
        const result = results[i] as Result | Error;
        if (result instanceof Error) batch[i]!.reject(result);
        else batch[i]!.resolve(result);
      }
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    } finally {
      this.busy--;
      this.flush();
      if (this.size === 0) for (const resolve of this.idle.splice(0)) resolve();
    }
  }
}

/**
 * Runs `execute` for all items; when a value among them is refused, halves the batch until the bad item stands alone:
 * it gets the error, its neighbours go through.
 */
export async function bisect<Item, Result>(
  items: readonly Item[],
  isItemsFault: (error: unknown) => boolean,
  execute: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>,
): Promise<readonly (Result | Error)[]> {
  try {
    return await execute(items);
  } catch (error) {
    if (!isItemsFault(error)) throw error;
    if (items.length === 1) return [error as Error];
    const middle = items.length >> 1;
    const left = await bisect(items.slice(0, middle), isItemsFault, execute);
    return [...left, ...(await bisect(items.slice(middle), isItemsFault, execute))];
  }
}
