import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { QueueReader } from './queue-reader.js';
import { answered, type RedisClient } from './redis-clients.js';

/** How long one blocking wait lasts; also how late a queue that is new, or a wake-up that was lost, is noticed. */
const BLOCK_MS = 2000;
/** What a process that has died leaves behind is gone after this. */
const POKE_TTL_MS = 60_000;

export interface MarkerWatchOptions {
  readonly prefix: string;
  readonly commands: RedisClient;
  /** Its own: it is blocked most of the time. */
  readonly blocking: RedisClient;
  /** Whether what is heard of could be taken. */
  hasRoom(): boolean;
  /** How long others may take what is heard of first, in ms. */
  hesitation(): number;
  /** Something may be in queues that were empty; called after each wait. */
  onHeard(): void;
  onError(error: unknown): void;
}

/**
 * Waits for the markers that BullMQ puts beside queues that have something, on one connection for all queues; also while
 * there is no room, so that a busy queue does not starve the others.
 */
export class MarkerWatch {
  /** The queues that are waited for now; undefined while nothing is. */
  private watched: ReadonlySet<QueueReader> | undefined;
  private poked = false;
  /** A key that nobody else waits for. */
  private readonly pokeKey: string;

  constructor(private readonly options: MarkerWatchOptions) {
    this.pokeKey = `${options.prefix}:poke:${randomUUID()}`;
  }

  /** @param empty the queues that have nothing, as far as is known */
  watch(empty: readonly QueueReader[]): void {
    const { watched } = this;
    if (empty.length === 0) return;
    if (!watched) void this.wait(new Set(empty));
    else if (!this.poked && empty.some((reader) => !watched.has(reader))) void this.poke();
  }

  stop(): void {
    this.options.blocking.disconnect();
  }

  private async wait(readers: ReadonlySet<QueueReader>): Promise<void> {
    this.watched = readers;
    this.poked = false;
    const byMarker = new Map([...readers].map((reader) => [reader.backend.keys['marker']!, reader]));
    const { blocking, commands } = this.options;
    try {
      const pop = blocking.bzpopmin(...byMarker.keys(), this.pokeKey, BLOCK_MS / 1000);
      const popped = await answered(blocking, pop, BLOCK_MS);
      const reader = popped && byMarker.get(popped[0]);
      if (reader) reader.empty = false;
      // a marker is lost with a process that took it and died: after a while every queue is looked at
      if (!popped) for (const each of readers) each.empty = false;
      const hesitation = reader ? this.options.hesitation() : 0;
      // somebody else may have room, or is to go first
      if (reader && (hesitation > 0 || !this.options.hasRoom())) await commands.zadd(popped[0], 0, '0');
      if (hesitation > 0) {
        await sleep(hesitation);
        // nobody took it
        if (this.options.hasRoom()) await commands.zrem(popped![0], '0');
        // while it was there it was heard of first: the other queues are looked at, too
        for (const each of readers) each.empty = false;
      }
    } catch (error) {
      this.options.onError(error);
    } finally {
      this.watched = undefined;
      this.options.onHeard();
    }
  }

  /** Ends the wait, so that it begins anew with the queues that are empty by now. */
  private async poke(): Promise<void> {
    this.poked = true;
    const { commands } = this.options;
    try {
      await Promise.all([commands.zadd(this.pokeKey, 0, '0'), commands.pexpire(this.pokeKey, POKE_TTL_MS)]);
    } catch (error) {
      this.options.onError(error);
    }
  }
}
