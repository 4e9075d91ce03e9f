import type { Gate, Limit } from './limits.js';
import type { TaskSettings } from './task-settings.js';

/** What an operator has changed of a task while it runs; undefined: as the code says. */
export interface TaskOverride {
  readonly task: string;
  /** Starts a second; 0: any number. */
  readonly rate?: number | undefined;
  readonly burst?: number | undefined;
  /** Milliseconds; 0: none. */
  readonly softTimeLimitMs?: number | undefined;
  readonly timeLimitMs?: number | undefined;
}

/** Milliseconds; undefined: as is said elsewhere, 0: none. */
export type TimeLimits = Pick<TaskSettings, 'softTimeLimitMs' | 'timeLimitMs'>;

/** All that operators have changed, as far as this process has heard. */
export class TaskOverrides {
  private byTask: ReadonlyMap<string, TaskOverride> = new Map();
  /** Of this worker, for tasks whose code has none. */
  otherwise: TimeLimits = {};

  replace(overrides: readonly TaskOverride[]): void {
    this.byTask = new Map(overrides.map((override) => [override.task, override]));
  }

  /** The gate of a task whose code has no rate to be changed. */
  gatesOf(task: string, limits: readonly Limit[]): readonly Gate[] {
    const override = this.byTask.get(task);
    if (!override?.rate || limits.some((limit) => limit.rate !== null)) return NONE;
    const { rate, burst = 1 } = override;
    return [{ key: `task ${task} rate`, maxRunning: null, rate, burst, keyed: false }];
  }

  /** Over what the code says, beneath what a call says. */
  timeLimitsOf(task: string): TimeLimits {
    const override = this.byTask.get(task);
    if (!override) return NOTHING;
    const { softTimeLimitMs, timeLimitMs } = override;
    return {
      ...(softTimeLimitMs !== undefined && { softTimeLimitMs }),
      ...(timeLimitMs !== undefined && { timeLimitMs }),
    };
  }
}

const NONE: readonly Gate[] = [];
const NOTHING = {};
