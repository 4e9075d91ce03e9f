import { parseRate } from '../../definition/limits.js';
import { isTaskName } from '../../definition/task-name.js';
import type { TaskOverride } from '../../definition/task-overrides.js';
import { toTimerMs, type Duration } from '../../duration.js';
import { InvalidOptionError } from '../../errors.js';

const MAX_BURST = 1_000_000;

/** @throws InvalidOptionError */
export function readTask(task: string): string {
  if (isTaskName(task)) return task;
  throw new InvalidOptionError('task', "a task's name", task, 'INVALID_TASK_NAME');
}

/** Starts a second; 0 for any number. @throws InvalidOptionError */
export function readRate(rate: string | number): number {
  return rate === 0 || rate === '0' ? 0 : parseRate(rate, 'rate');
}

/** @throws InvalidOptionError */
export function assertBurst(burst: number): void {
  if (!Number.isInteger(burst) || burst < 1 || burst > MAX_BURST)
    throw new InvalidOptionError('burst', `a whole number from 1 to ${MAX_BURST}`, burst);
}

/** @throws InvalidOptionError */
export function readTimeLimits({
  soft,
  hard,
}: {
  readonly soft?: Duration | undefined;
  readonly hard?: Duration | undefined;
}): Pick<TaskOverride, 'softTimeLimitMs' | 'timeLimitMs'> {
  const softTimeLimitMs = whole(soft, 'soft');
  const timeLimitMs = whole(hard, 'hard');
  if (softTimeLimitMs && timeLimitMs && softTimeLimitMs >= timeLimitMs)
    throw new InvalidOptionError('soft', 'less than hard', soft);
  return { softTimeLimitMs, timeLimitMs };
}

/** They are kept in whole milliseconds; 0 is none. */
function whole(limit: Duration | undefined, name: string): number | undefined {
  return limit === undefined ? undefined : Math.ceil(toTimerMs(limit, name));
}
