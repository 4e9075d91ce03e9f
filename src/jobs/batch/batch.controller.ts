import {
  Body,
  Controller,
  HttpCode,
  Post,
  Req,
  UploadedFiles,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { Request } from 'express';
import { CurrentPrincipal, Needs, TasksAccessGuard, type Principal } from '../../tasks/http/index.js';
import { ShuttingDownError, SubmissionUncertainError, TaskService } from '../../tasks/index.js';
import { RefusedError } from './batch.errors.js';
import { BatchSettings } from './batch.options.js';
import { readPathsRequest, readUploadFields } from './batch.request.js';
import { BatchTasks } from './batch.tasks.js';
import type { BatchInput } from './batch.types.js';
import { UploadInterceptor } from './upload.interceptor.js';
import { UploadsStore } from './uploads.store.js';

const LONGEST_NAME = 255;
/** Not `request.is()`, which knows no type for an empty body: that is to be told what was expected in it. */
const JSON_TYPE = /^application\/json\b/i;

/** What is needed of a file that multer has stored. */
interface ReceivedFile {
  filename: string;
  originalname: string;
}

@Controller('batch-process')
export class BatchController {
  constructor(
    private readonly tasks: TaskService,
    private readonly settings: BatchSettings,
    private readonly uploads: UploadsStore,
  ) {}

  /** Takes files as multipart/form-data, or paths below the configured folder as JSON. */
  @Post()
  @HttpCode(202)
  @UseGuards(TasksAccessGuard)
  @Needs('submit')
  @UseInterceptors(UploadInterceptor)
  async submit(
    @Req() request: Request,
    @Body() body: unknown,
    @UploadedFiles() files: ReceivedFile[] | undefined,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ task_id: string }> {
    if (request.is('multipart/form-data')) return this.submitUploads(body, files ?? [], principal);
    if (!JSON_TYPE.test(request.headers['content-type'] ?? ''))
      throw new RefusedError(
        415,
        'UNSUPPORTED_MEDIA_TYPE',
        'expected application/json or multipart/form-data',
      );
    const input = await readPathsRequest(body, this.settings.folder, this.settings.maxFiles);
    return this.submitInput(input, principal);
  }

  private async submitUploads(
    body: unknown,
    files: ReceivedFile[],
    principal: Principal,
  ): Promise<{ task_id: string }> {
    try {
      const { topWords } = readUploadFields(body);
      if (files.length === 0)
        throw new RefusedError(400, 'NO_FILES', 'expected at least one file, got none', 'files');
      const uploads = files.map((file) => ({ id: file.filename, name: displayName(file.originalname) }));
      return await this.submitInput({ uploads, topWords }, principal);
    } catch (error) {
      // a task that may have been accepted needs its files
      if (!(error instanceof SubmissionUncertainError))
        await this.uploads.discard(files.map((file) => file.filename));
      throw error;
    }
  }

  private async submitInput(input: BatchInput, { owner }: Principal): Promise<{ task_id: string }> {
    if (this.tasks.isShuttingDown) throw new ShuttingDownError();
    const { process } = this.tasks.of(BatchTasks);
    const handle = await process.applyAsync([input], { owner: owner ?? undefined });
    return { task_id: handle.id };
  }
}

/** A name as it was sent, without what a database or a terminal cannot take. */
function displayName(name: string): string {
  return name
    .replace(/[\p{Cc}\p{Surrogate}]/gu, '\uFFFD')
    .slice(0, LONGEST_NAME)
    .replace(/[\uD800-\uDBFF]$/, '');
}
