import { parseRate } from '../../definition/limits.js';
import { isTaskName } from '../../definition/task-name.js';
import type { TaskOverride } from '../../definition/task-overrides.js';
import { toMilliseconds, type Duration } from '../../duration.js';
import { InvalidOptionError } from '../../errors.js';

const MAX_BURST = 1_000_000;
/** The longest that a timer of Node's can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

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
  const softTimeLimitMs = soft === undefined ? undefined : limit(soft, 'soft');
  const timeLimitMs = hard === undefined ? undefined : limit(hard, 'hard');
  if (softTimeLimitMs && timeLimitMs && softTimeLimitMs >= timeLimitMs)
    throw new InvalidOptionError('soft', 'less than hard', soft);
  return { softTimeLimitMs, timeLimitMs };
}

function limit(given: Duration, option: string): number {
  const ms = toMilliseconds(given, option);
  if (ms <= MAX_TIMER_MS) return ms;
  throw new InvalidOptionError(option, 'at most 24 days', given);
}
