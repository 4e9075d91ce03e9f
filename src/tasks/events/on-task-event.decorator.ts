import { Reflector } from '@nestjs/core';
import type { TaskEventName } from './task-events.js';

/** Options of `@OnTaskEvent()`. */
export interface OnTaskEventOptions {
  /** Only of tasks of this name, or whose names fit a pattern in which `*` stands for any characters. Default: all. */
  task?: string | undefined;
  /**
   * 'here': what happens in this process, each event once and with all that it carries. 'everywhere': from all
   * processes; these arrive within milliseconds, but are lost while the connection for notifications is. Default 'here'.
   */
  from?: 'here' | 'everywhere' | undefined;
}

export interface TaskEventListener extends OnTaskEventOptions {
  readonly events: readonly TaskEventName[];
}

export const TaskEventListeners = Reflector.createDecorator<readonly TaskEventListener[]>({
  key: 'celeriac:on-task-event',
});

/**
 * Calls a provider's method with each event of these names: `onFailed(event: TaskEvent<'failed'>)`. It does not hold
 * up the task; what it throws is logged (but see `submitting`). May stand more than once on a method.
 */
export function OnTaskEvent(
  events: TaskEventName | readonly TaskEventName[],
  options: OnTaskEventOptions = {},
): MethodDecorator {
  return (target, method, descriptor) => {
    const handler = descriptor.value as object;
    const before = (Reflect.getMetadata(TaskEventListeners.KEY, handler) ??
      []) as readonly TaskEventListener[];
    const listener: TaskEventListener = { ...options, events: [events].flat() };
    TaskEventListeners([...before, listener])(target, method, descriptor as TypedPropertyDescriptor<unknown>);
  };
}
