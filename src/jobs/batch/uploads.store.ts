import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { isFinal, TASK_STATES, TaskService } from '../../tasks/index.js';
import { BatchSettings } from './batch.options.js';

const UPLOAD_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const DAY_MS = 86_400_000;
const KEPT_MS = 7 * DAY_MS;
const LIVE_STATES = TASK_STATES.filter((state) => !isFinal(state));

interface Upload {
  readonly id: string;
  readonly storedAt: number;
}

/**
 * The folder of uploaded files: random names, so that a name that was sent is never part of a path.
 *
 * A file is deleted when its task has succeeded, and kept as long as the task may be retried. Those of tasks that
 * failed, were revoked or were never submitted are deleted when the application starts, once they are a week old and
 * no batch that has not ended is as old: a task that is retried by hand after that finds its files gone.
 */
@Injectable()
export class UploadsStore implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger(UploadsStore.name);

  constructor(
    private readonly settings: BatchSettings,
    private readonly tasks: TaskService,
  ) {}

  async onModuleInit(): Promise<void> {
    await mkdir(this.settings.folder, { recursive: true });
    await mkdir(this.settings.uploads, { recursive: true });
  }

  async onApplicationBootstrap(): Promise<void> {
    const old = await this.storedBefore(Date.now() - KEPT_MS);
    if (old.length === 0) return;
    // files are stored before their task is submitted: an upload takes less than a day
    const needed = (await this.oldestLiveBatch()) - DAY_MS;
    const unused = old.filter(({ storedAt }) => storedAt < needed);
    await this.discard(unused.map(({ id }) => id));
    if (unused.length > 0)
      this.logger.log(`deleted ${unused.length} uploaded files that no task has used for a week`);
  }

  newId(): string {
    return randomUUID();
  }

  isId(id: unknown): id is string {
    return typeof id === 'string' && UPLOAD_ID.test(id);
  }

  /** Files that are already gone are no error. */
  async discard(ids: readonly string[]): Promise<void> {
    for (const id of ids) if (this.isId(id)) await rm(join(this.settings.uploads, id), { force: true });
  }

  private async storedBefore(time: number): Promise<Upload[]> {
    const uploads: Upload[] = [];
    for (const id of (await readdir(this.settings.uploads)).filter((name) => this.isId(name))) {
      // another process of this application may be deleting the same files
      const found = await stat(join(this.settings.uploads, id)).catch(() => undefined);
      if (found?.isFile() && found.mtimeMs < time) uploads.push({ id, storedAt: found.mtimeMs });
    }
    return uploads;
  }

  /** When the oldest batch was submitted that has not ended; infinity when all have. */
  private async oldestLiveBatch(): Promise<number> {
    const filter = { name: 'batch.process', state: LIVE_STATES };
    let cursor: string | null | undefined;
    // a page may be empty where very many tasks wait: it says where to go on
    while (cursor !== null) {
      const page = await this.tasks.list(filter, { limit: 1, sort: 'createdAt', cursor });
      if (page.items[0]) return Date.parse(page.items[0].createdAt);
      cursor = page.nextCursor;
    }
    return Number.POSITIVE_INFINITY;
  }
}
