import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { TaskService } from '../submission/task.service.js';
import type { TaskRecord } from '../submission/task-view.js';
import { TaskViews } from './task-views.js';

/** What has changed since the last batch. */
export interface LiveBatch {
  /** Those that were looked up, without arguments and results, what looks like a secret covered. */
  readonly items: readonly TaskRecord[];
  /** Whether more have changed than are told of, or were submitted: read the list again. */
  readonly more: boolean;
}

/** @param text the batch as JSON, made once for all */
type Listener = (batch: LiveBatch, text: string) => void;

const INTERVAL_MS = 250;
/** After more than can be told: then everybody reads again, and not oftener. */
const BUSY_INTERVAL_MS = 1000;
const MAX_ITEMS = 100;
/** Records that a batch sends to all listeners together; were there more, it only says to read again. */
const MAX_SENT = 5000;

/**
 * What changes, for everybody who looks at a list: at most four batches a second, each read once for all of them and
 * only while somebody looks.
 */
@Injectable()
export class LiveTasks implements OnModuleDestroy {
  private readonly listeners = new Map<Listener, () => void>();
  private readonly changed = new Set<string>();
  private more = false;
  private timer: NodeJS.Timeout | undefined;
  private notBefore = 0;
  private closed = false;
  private stopWatching: (() => void) | undefined;

  constructor(
    @Inject(TaskService) private readonly tasks: TaskService,
    @Inject(TaskViews) private readonly views: TaskViews,
  ) {}

  /** @param onEnd the application closes @returns stops it */
  listen(hear: Listener, onEnd: () => void): () => void {
    if (this.closed) {
      onEnd();
      return () => undefined;
    }
    this.listeners.set(hear, onEnd);
    this.stopWatching ??= this.tasks.watch((ids) => this.note(ids));
    return () => {
      this.listeners.delete(hear);
      if (this.listeners.size > 0) return;
      this.stopWatching?.();
      this.stopWatching = undefined;
    };
  }

  onModuleDestroy(): void {
    this.closed = true;
    for (const onEnd of this.listeners.values()) onEnd();
    clearTimeout(this.timer);
  }

  /** @param ids undefined: some, which is not known */
  private note(ids: readonly string[] | undefined): void {
    if (this.closed) return;
    for (const id of ids ?? []) {
      if (this.changed.size > MAX_ITEMS) break;
      this.changed.add(id);
    }
    this.more ||= ids === undefined;
    this.timer ??= setTimeout(() => void this.send(), Math.max(INTERVAL_MS, this.notBefore - Date.now()));
  }

  private async send(): Promise<void> {
    const ids = [...this.changed];
    // whoever reads again finds them there
    const tooMany = ids.length > Math.min(MAX_ITEMS, MAX_SENT / Math.max(1, this.listeners.size));
    const more = this.more || tooMany;
    this.changed.clear();
    this.more = false;
    try {
      const idle = ids.length === 0 || tooMany || this.listeners.size === 0;
      const found = idle ? [] : await this.tasks.briefly(ids);
      const batch = { items: found.map((item) => this.views.covered(item)), more };
      const text = JSON.stringify(batch);
      for (const hear of this.listeners.keys()) hear(batch, text);
    } catch {
      // the database is away: the next batch tells to read again
      this.more = true;
    }
    this.notBefore = Date.now() + (tooMany ? BUSY_INTERVAL_MS : INTERVAL_MS);
    this.timer = undefined;
    if (this.changed.size > 0 || this.more) this.note([]);
  }
}
