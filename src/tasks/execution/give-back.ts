import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { TaskStore } from '../store/task-store.js';
import { stopped } from './outcome.js';
import type { ProgressWriter } from './progress-writer.js';
import type { RunningTask } from './running-task.js';
import type { Settler } from './settler.js';

const DATABASE_GRACE_MS = 5000;
const LATE_GRACE_MS = 1000;

/**
 * The last act of a worker for handlers that do not stop: whatever they still do, the rows are somebody else's. What has
 * ended is only to be written down. Not waited for without end: a lease runs out even when the database is away.
 */
export async function giveBack(
  active: readonly RunningTask[],
  settler: Settler,
  progress: ProgressWriter,
): Promise<void> {
  if (active.length === 0) return;
  const left = active.filter((task) => !task.settling);
  const names = left.map((task) => task.name).slice(0, 5);
  if (left.length > 0)
    new Logger('Tasks').warn(
      `${left.length} tasks did not stop in time and are given back: ${names.join(', ')}`,
    );
  const all = active.map((task) =>
    (task.settling ?? settler.settle(task.task, stopped(task.task), progress.take(task))).catch(
      () => undefined,
    ),
  );
  await Promise.race([Promise.all(all), sleep(DATABASE_GRACE_MS, undefined, { ref: false })]);
}

/** What was claimed for it while it stopped: nobody began it. */
export async function giveBackLate(
  store: Pick<TaskStore, 'heldBy'>,
  workerId: string,
  running: ReadonlyMap<string, unknown>,
  settler: Settler,
): Promise<void> {
  const all = async () => {
    const late = (await store.heldBy(workerId)).filter((row) => !running.has(row.id));
    await Promise.all(late.map((row) => settler.settle(row, stopped(row), null)));
  };
  await Promise.race([all().catch(() => undefined), sleep(LATE_GRACE_MS, undefined, { ref: false })]);
}

/** Waits for so long, or until the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, { ref: false, ...(signal && { signal }) }).catch(() => undefined);
}
