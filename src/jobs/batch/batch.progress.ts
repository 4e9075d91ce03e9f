import type { TaskContext } from '../../tasks/index.js';

const INTERVAL_MS = 300;

/** Reports the progress of a batch in files and bytes: at the end of each file, and between them a few times a second. */
export class BatchProgress {
  private filesDone = 0;
  private bytesDone = 0;
  private reportedAt = Date.now();

  constructor(
    private readonly context: Pick<TaskContext, 'progress'>,
    private readonly filesTotal: number,
    private readonly bytesTotal: number,
  ) {}

  async addBytes(file: string, bytes: number): Promise<void> {
    this.bytesDone += bytes;
    if (Date.now() - this.reportedAt >= INTERVAL_MS) await this.report(file);
  }

  async endFile(file: string): Promise<void> {
    this.filesDone++;
    await this.report(file);
  }

  private async report(file: string): Promise<void> {
    this.reportedAt = Date.now();
    const { filesDone, filesTotal, bytesDone, bytesTotal } = this;
    await this.context.progress(filesDone, filesTotal, file, { bytesDone, bytesTotal, file });
  }
}
