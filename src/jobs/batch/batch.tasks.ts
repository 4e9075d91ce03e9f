import { Injectable, Logger } from '@nestjs/common';
import {
  isFinal,
  Task,
  TaskContext,
  TaskNotFoundError,
  TaskService,
  type TaskState,
} from '../../tasks/index.js';
import { BatchRunner } from './batch.runner.js';
import type { BatchInput, BatchReport } from './batch.types.js';
import { UploadsStore } from './uploads.store.js';

@Injectable()
export class BatchTasks {
  private readonly logger = new Logger(BatchTasks.name);

  constructor(
    private readonly runner: BatchRunner,
    private readonly uploads: UploadsStore,
    private readonly tasks: TaskService,
  ) {}

  /** Analyses files and reports on each; a file that cannot be read is an entry of the report, not a failure. */
  @Task({ name: 'batch.process', retry: { max: 3 } })
  async process(input: BatchInput, ctx: TaskContext): Promise<BatchReport> {
    const report = await this.runner.run(input, ctx);
    const ids = (input.uploads ?? []).map((upload) => upload.id);
    if (ids.length > 0) await this.discardAfterwards(ctx.id, ids);
    return report;
  }

  /**
   * Deletes the uploads of a task that has succeeded. It is a task of its own because the other one cannot do it: its
   * worker may die between the deletion and the commit of the result, and the second attempt would find no files.
   */
  @Task({ name: 'batch.discard-uploads', retry: { max: 10 } })
  async discardUploads(taskId: string, ids: string[], ctx: TaskContext): Promise<{ deleted: boolean }> {
    const state = await this.stateOf(taskId);
    if (state !== 'FORGOTTEN' && !isFinal(state)) ctx.snooze('30s');
    // a task that failed or was revoked may be retried by hand, and then needs its files
    const deleted = state === 'SUCCESS' || state === 'FORGOTTEN';
    if (deleted) await this.uploads.discard(ids);
    return { deleted };
  }

  private async discardAfterwards(taskId: string, ids: string[]): Promise<void> {
    try {
      const options = { countdown: '2s', idempotencyKey: `batch.discard-uploads:${taskId}` };
      await this.tasks.of(BatchTasks).discardUploads.applyAsync([taskId, ids], options);
    } catch (error) {
      // the report is worth more than the disk space: old uploads are deleted when the application starts
      this.logger.warn(`the uploads of task ${taskId} stay until they are a week old: ${String(error)}`);
    }
  }

  private async stateOf(taskId: string): Promise<TaskState | 'FORGOTTEN'> {
    try {
      return (await this.tasks.record(taskId)).state;
    } catch (error) {
      if (error instanceof TaskNotFoundError) return 'FORGOTTEN';
      throw error;
    }
  }
}
