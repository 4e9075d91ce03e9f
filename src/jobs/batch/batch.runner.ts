import { stat } from 'node:fs/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { TaskContext } from '../../tasks/index.js';
import { analyseFile } from './analysis/analyse-file.js';
import { toFileError } from './batch.errors.js';
import { BatchSettings } from './batch.options.js';
import { openBelow, realPathBelow } from './batch.paths.js';
import { BatchProgress } from './batch.progress.js';
import { composeReport } from './batch.report.js';
import {
  type AnalysedFile,
  type BatchInput,
  type BatchReport,
  DEFAULT_TOP_WORDS,
  type FileReport,
} from './batch.types.js';
import { UploadsStore } from './uploads.store.js';

interface BatchFile {
  name: string;
  folder: string;
  /** Below the folder. */
  path: string;
}

/** Goes through the files of a batch, one after the other: disks and memory stay free for other tasks. */
@Injectable()
export class BatchRunner {
  private readonly logger = new Logger(BatchRunner.name);

  constructor(
    private readonly settings: BatchSettings,
    private readonly uploads: UploadsStore,
  ) {}

  async run(input: BatchInput, context: Pick<TaskContext, 'progress' | 'signal'>): Promise<BatchReport> {
    const startedAt = Date.now();
    const files = this.filesOf(input);
    const progress = new BatchProgress(context, files.length, await totalSize(files));
    const reports: FileReport[] = [];
    for (const file of files) {
      const topWords = input.topWords ?? DEFAULT_TOP_WORDS;
      reports.push(await this.reportOn(file, topWords, context.signal, progress));
      await progress.endFile(file.name);
    }
    return composeReport(reports, Date.now() - startedAt);
  }

  private filesOf({ paths = [], uploads = [] }: BatchInput): BatchFile[] {
    return [
      ...paths.map((path) => ({ name: path, folder: this.settings.folder, path })),
      // an id that was not made here may be any path, so it is not used as one
      ...uploads.map(({ id, name }) => ({
        name,
        folder: this.settings.uploads,
        path: this.uploads.isId(id) ? id : '',
      })),
    ];
  }

  private async reportOn(
    file: BatchFile,
    topWords: number,
    signal: AbortSignal,
    progress: BatchProgress,
  ): Promise<FileReport> {
    try {
      return await analyse(file, topWords, signal, progress);
    } catch (error) {
      signal.throwIfAborted();
      const { code, message, cause } = toFileError(error);
      if (code === 'ANALYSIS_FAILED') this.logger.error('the analysis of a file failed', cause);
      return { name: file.name, ok: false, error: { code, message } };
    }
  }
}

async function analyse(
  { name, folder, path }: BatchFile,
  topWords: number,
  signal: AbortSignal,
  progress: BatchProgress,
): Promise<AnalysedFile> {
  signal.throwIfAborted();
  const startedAt = Date.now();
  const { file, size } = await openBelow(folder, path);
  try {
    const onBytes = (bytes: number): Promise<void> => progress.addBytes(name, bytes);
    const analysis = await analyseFile(file, name, { topWords, signal, size, onBytes });
    return { name, ok: true, ...analysis, durationMs: Date.now() - startedAt };
  } finally {
    await file.close();
  }
}

/** The bytes of all files that can be found; those that cannot are reported when their turn comes. */
async function totalSize(files: BatchFile[]): Promise<number> {
  let total = 0;
  for (const { folder, path } of files) {
    const found = await realPathBelow(folder, path)
      .then((real) => stat(real))
      .catch(() => undefined);
    if (found?.isFile()) total += found.size;
  }
  return total;
}
