import type { TaskObserver } from '../events/event-bus.js';
import type { JobChange, JobStore, Step } from '../store/job-store.js';
import type { TaskChannel } from '../store/task-channel.js';

/** Records what becomes of another system's jobs, so that lists, pages and statistics show them beside tasks. */
export class JobRecorder {
  constructor(
    readonly store: JobStore,
    private readonly channel: Pick<TaskChannel, 'changed'>,
    private readonly observer: TaskObserver,
  ) {}

  /** @returns false when another process has been faster; nothing was recorded */
  async record(step: Step, changes: readonly JobChange[]): Promise<boolean> {
    if (!(await this.store.write(step, changes))) return false;
    for (const change of changes) this.count(change);
    if (changes.length > 0) this.channel.changed(changes.map(({ id }) => id));
    return true;
  }

  private count({ id, name, queue, added, started, attempts, waits, end }: JobChange): void {
    if (added) this.observer.count('submitted', name, queue);
    for (const wait of waits) this.observer.started(name, queue, wait);
    for (const each of attempts)
      if (each.outcome === 'retried')
        this.observer.ended('retried', name, queue, between(each.started, each.ended));
      else if (each.outcome === 'lost') this.observer.lost(id, name, queue);
    if (!end) return;
    const ranMs = between(started, end.finished);
    if (end.state === 'REVOKED') this.observer.count('revoked', name, queue);
    else this.observer.ended(end.state === 'SUCCESS' ? 'succeeded' : 'failed', name, queue, ranMs);
    // what was lost at last is looked up as such
    if (end.state === 'FAILURE' && end.error && attempts.at(-1)?.outcome !== 'lost')
      this.observer.failure(id, name, end.error);
  }
}

const between = (from: string | null, to: string) =>
  from === null ? 0 : Math.max(0, Date.parse(to) - Date.parse(from));
