import type { TaskChannel } from '../store/task-channel.js';
import type { TaskStore } from '../store/task-store.js';
import type { RunningTask } from './running-task.js';

/** Progress is written at most this often; what comes in between is merged. */
const INTERVAL_MS = 100;

/** Writes the latest progress of every running task together. */
export class ProgressWriter {
  private readonly latest = new Map<RunningTask, string>();
  private timer: NodeJS.Timeout | undefined;
  private writing = false;

  constructor(
    private readonly store: TaskStore,
    private readonly channel: TaskChannel,
    /** Its row is not ours any more. */
    private readonly onFenced: (running: RunningTask) => void,
  ) {}

  note(running: RunningTask, progress: string): void {
    this.latest.set(running, progress);
    this.schedule();
  }

  /** What was noted and not written yet: it goes with the outcome. */
  take(running: RunningTask): string | null {
    const progress = this.latest.get(running) ?? null;
    this.latest.delete(running);
    return progress;
  }

  private schedule(): void {
    if (this.timer === undefined && !this.writing)
      this.timer = setTimeout(() => void this.write(), INTERVAL_MS);
  }

  private async write(): Promise<void> {
    this.timer = undefined;
    const entries = [...this.latest].slice(0, 500);
    if (entries.length === 0) return;
    for (const [running] of entries) this.latest.delete(running);
    this.writing = true;
    try {
      const held = await this.store.writeProgress(
        entries.map(([{ task }, progress]) => ({ id: task.id, fence: task.fence, progress })),
      );
      this.channel.changed([...held]);
      for (const [running] of entries) if (!held.has(running.id)) this.onFenced(running);
    } catch {
      // progress is worth no retry: the next one tells more
    } finally {
      this.writing = false;
      if (this.latest.size > 0) this.schedule();
    }
  }
}
