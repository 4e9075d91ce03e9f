import { isFinal } from '../store/states.js';
import { lengthen, shorten } from '../store/short-id.js';
import type { TaskRow } from '../store/task-record.entity.js';
import { callAfter } from './call-after.js';
import type { ServiceChannel, ServiceReader } from './service-storage.js';

/** Looks at what is waited for even when no notification came. */
const POLL_MS = 5000;
/** More than this are looked at no oftener than that, where something changed that was not named. */
const FEW = 50;
const UNNAMED_MS = 250;

interface Waiter {
  /** Called with each change; returns true when it has seen enough. */
  see(row: TaskRow): boolean;
  /** Nothing more is told: the application closes. */
  leave(): void;
}

/** Tells those who wait for tasks of their changes: one query for all that changed at once. */
export class ResultListener {
  /** By the task's id in short form, as notifications have it: nearly all tell of tasks that nobody waits for. */
  private readonly waiters = new Map<string, Set<Waiter>>();
  private readonly changed = new Set<string>();
  private unnamed: NodeJS.Timeout | undefined;
  private reading = false;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    channel: ServiceChannel,
    private readonly reader: Pick<ServiceReader, 'find' | 'findMany'>,
  ) {
    channel.on('changed', (shortIds) => {
      if (shortIds || this.waiters.size <= FEW) this.look(shortIds ?? this.waiters.keys());
      else this.lookAtAllSoon();
    });
    channel.on('reconnected', () => this.look(this.waiters.keys()));
  }

  /** How many tasks are waited for. */
  get size(): number {
    return this.waiters.size;
  }

  /**
   * Waits for the task's end, at most `timeoutMs`.
   * @returns the row as it then is, finished or not; undefined when the task is unknown
   */
  async ended(id: string, timeoutMs: number | undefined, signal?: AbortSignal): Promise<TaskRow | undefined> {
    let last: TaskRow | undefined;
    let resolve = () => {};
    const promise = new Promise<void>((done) => (resolve = done));
    const see = (row: TaskRow) => {
      last = row;
      const over = isFinal(row.state);
      if (over) resolve();
      return over;
    };
    const stop = this.watch(id, { see, leave: resolve });
    const giveUp = timeoutMs === undefined ? undefined : callAfter(timeoutMs, resolve);
    signal?.addEventListener('abort', resolve, { once: true });
    try {
      last = await this.reader.find(id);
      if (last === undefined || isFinal(last.state) || signal?.aborted) return last;
      await promise;
      return isFinal(last.state) ? last : await this.reader.find(id);
    } finally {
      giveUp?.();
      signal?.removeEventListener('abort', resolve);
      stop();
    }
  }

  /** Calls `see` with the row after each change, until it returns true or the returned function is called. */
  watch(id: string, waiter: Waiter): () => void {
    if (this.closed) waiter.leave();
    const key = shorten(id);
    const waiters = this.waiters.get(key) ?? new Set();
    this.waiters.set(key, waiters.add(waiter));
    this.timer ??= setInterval(() => this.look(this.waiters.keys()), POLL_MS).unref();
    return () => {
      waiters.delete(waiter);
      if (waiters.size === 0 && this.waiters.get(key) === waiters) this.waiters.delete(key);
      if (this.waiters.size === 0) {
        clearInterval(this.timer);
        this.timer = undefined;
      }
    };
  }

  /** Lets go everybody who waits, and whoever comes. */
  close(): void {
    this.closed = true;
    for (const waiters of this.waiters.values()) for (const waiter of waiters) waiter.leave();
  }

  private lookAtAllSoon(): void {
    this.unnamed ??= setTimeout(() => {
      this.unnamed = undefined;
      this.look(this.waiters.keys());
    }, UNNAMED_MS).unref();
  }

  private look(shortIds: Iterable<string>): void {
    if (this.waiters.size === 0) return;
    for (const id of shortIds) if (this.waiters.has(id)) this.changed.add(id);
    if (!this.reading && this.changed.size > 0) void this.read();
  }

  private async read(): Promise<void> {
    this.reading = true;
    try {
      while (this.changed.size > 0) {
        const ids = [...this.changed].slice(0, 1000);
        for (const id of ids) this.changed.delete(id);
        for (const row of await this.reader.findMany(ids.map(lengthen))) this.tell(row);
      }
    } catch {
      // the database is away: the next notification or poll looks again
    } finally {
      this.reading = false;
    }
  }

  private tell(row: TaskRow): void {
    const key = shorten(row.id);
    const waiters = this.waiters.get(key);
    if (!waiters) return;
    for (const waiter of waiters) if (waiter.see(row)) waiters.delete(waiter);
    if (waiters.size === 0) this.waiters.delete(key);
  }
}
