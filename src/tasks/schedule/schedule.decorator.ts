import { Reflector } from '@nestjs/core';
import type { ScheduleOptions } from './schedule-spec.js';

/** The options of `@Schedule()`. */
export interface DeclaredSchedule extends ScheduleOptions {
  /** Unique. Default: the task's name; with several schedules on one task each needs its own. */
  name?: string | undefined;
}

export const DeclaredSchedules = Reflector.createDecorator<readonly DeclaredSchedule[]>({
  key: 'celeriac:schedule',
});

/**
 * Submits a task again and again: `@Schedule({ crontab: '0 9 * * MON-FRI', timezone: 'Europe/Berlin' })` beside
 * `@Task()`. May stand more than once on a method. It becomes a row when the application starts, which operators may
 * change; when it is gone from the code, the row goes too.
 */
export function Schedule(options: DeclaredSchedule): MethodDecorator {
  return (target, method, descriptor) => {
    const handler = descriptor.value as object;
    const before = (Reflect.getMetadata(DeclaredSchedules.KEY, handler) ?? []) as readonly DeclaredSchedule[];
    // decorators are applied from the bottom up
    DeclaredSchedules([options, ...before])(target, method, descriptor as TypedPropertyDescriptor<unknown>);
  };
}
