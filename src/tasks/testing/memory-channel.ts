import { EventEmitter } from 'node:events';
import type { ChannelEvents } from '../store/channel-messages.js';
import type { ServiceChannel } from '../submission/service-storage.js';

/** Notifications within one process. */
export class MemoryChannel extends EventEmitter<ChannelEvents> implements ServiceChannel {
  /** Whoever waits for anything looks again: there are few rows in a test. */
  changed(): void {
    this.emit('changed', undefined);
  }

  revoked(ids: readonly string[]): void {
    this.emit('revoked', [...ids]);
  }

  due(): void {}
  queues(): void {}
  gated(): void {}
  schedules(): void {}
}
