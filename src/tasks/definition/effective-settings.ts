import type { ClaimedTask } from '../store/statements/claim.js';
import { resolveRetry } from './retry-policy.js';
import type { TaskDescription } from './task-definition.js';
import type { TaskOverrides } from './task-overrides.js';
import type { RetryOptions } from './task.decorator.js';
import type { TaskSettings } from './task-settings.js';

/** How a claimed task runs: what its call said, over what operators and this worker's code say. */
export function effectiveSettings(
  task: Pick<ClaimedTask, 'queue' | 'options'>,
  definition: TaskDescription,
  overrides?: TaskOverrides,
): TaskSettings {
  const coded = task.queue === definition.queue ? definition.settings : definition.settingsIn(task.queue);
  const base = withoutNone({
    ...overrides?.otherwise,
    ...coded,
    ...overrides?.timeLimitsOf(definition.name),
  });
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

/** A time limit of 0 is none. */
function withoutNone({ softTimeLimitMs, timeLimitMs, ...settings }: TaskSettings): TaskSettings {
  return { ...settings, ...(softTimeLimitMs && { softTimeLimitMs }), ...(timeLimitMs && { timeLimitMs }) };
}
