import type { LogLine, NewLogLine } from '../store/log-store.js';

/** The lines that the tasks of a test log. */
export class MemoryLogs {
  private readonly lines: NewLogLine[] = [];

  async add(lines: readonly NewLogLine[]): Promise<void> {
    this.lines.push(...lines);
  }

  async of(id: string): Promise<LogLine[]> {
    return this.lines.filter((line) => line.taskId === id).map(({ taskId: _taskId, ...line }) => line);
  }
}
