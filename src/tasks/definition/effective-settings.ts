import type { ClaimedTask } from '../store/statements/claim.js';
import { resolveRetry } from './retry-policy.js';
import type { TaskDescription } from './task-definition.js';
import type { RetryOptions } from './task.decorator.js';
import type { TaskSettings } from './task-settings.js';

/** How a claimed task runs: what its call said, over what this worker's code says. */
export function effectiveSettings(
  task: Pick<ClaimedTask, 'queue' | 'options'>,
  definition: TaskDescription,
): TaskSettings {
  const base = task.queue === definition.queue ? definition.settings : definition.settingsIn(task.queue);
  if (task.options === null) return base;
  const { retry, softTimeLimitMs, timeLimitMs, ignoreResult, storeErrorsEvenIfIgnored } = task.options;
  return {
    ...base,
    retry: resolveRetry(retry as boolean | RetryOptions | undefined, base.retry),
    ...(softTimeLimitMs !== undefined && { softTimeLimitMs }),
    ...(timeLimitMs !== undefined && { timeLimitMs }),
    ...(ignoreResult !== undefined && { ignoreResult }),
    ...(storeErrorsEvenIfIgnored !== undefined && { storeErrorsEvenIfIgnored }),
  };
}
