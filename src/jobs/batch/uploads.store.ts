import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { BatchSettings } from './batch.options.js';

const UPLOAD_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const KEPT_MS = 7 * 86_400_000;

/**
 * The folder of uploaded files: random names, so that a name that was sent is never part of a path.
 *
 * A file is deleted when its task has succeeded, and kept as long as the task may be retried. Those of tasks that
 * failed, were revoked or were never submitted are deleted when the application starts, once they are a week old: a
 * task that is retried by hand after that finds its files gone.
 */
@Injectable()
export class UploadsStore implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger(UploadsStore.name);

  constructor(private readonly settings: BatchSettings) {}

  async onModuleInit(): Promise<void> {
    await mkdir(this.settings.folder, { recursive: true });
    await mkdir(this.settings.uploads, { recursive: true });
  }

  async onApplicationBootstrap(): Promise<void> {
    const deleted = await this.deleteOlderThan(Date.now() - KEPT_MS);
    if (deleted > 0) this.logger.log(`deleted ${deleted} uploaded files that no task has used for a week`);
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

  /** How many were deleted. */
  async deleteOlderThan(time: number): Promise<number> {
    let deleted = 0;
    for (const id of (await readdir(this.settings.uploads)).filter((name) => this.isId(name))) {
      const path = join(this.settings.uploads, id);
      // another process of this application may be deleting the same files
      const found = await stat(path).catch(() => undefined);
      if (!found?.isFile() || found.mtimeMs >= time) continue;
      await rm(path, { force: true });
      deleted++;
    }
    return deleted;
  }
}
