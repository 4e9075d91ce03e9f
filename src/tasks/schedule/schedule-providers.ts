import type { InjectionToken, Provider } from '@nestjs/common';
import { TaskRegistry } from '../definition/task-registry.js';
import type { TaskChannel } from '../store/task-channel.js';
import { Producer } from '../submission/producer.js';
import { TaskService } from '../submission/task.service.js';
import type { ResolvedTasksOptions } from '../tasks.options.js';
import { ScheduleExplorer } from './schedule-explorer.js';
import { ScheduleReconciler } from './schedule-reconciler.js';
import type { ScheduleStorage } from './schedule-storage.js';
import { ScheduleService } from './schedule.service.js';
import { Scheduler } from './scheduler.js';

interface ScheduleAccess {
  readonly schedules: ScheduleStorage;
  readonly channel: Pick<TaskChannel, 'schedules' | 'on' | 'off'>;
}

/** Schedules of an application, over its storage: that of Postgres, or a test's. */
export function scheduleProviders(storage: InjectionToken, options: InjectionToken): Provider[] {
  return [
    {
      provide: ScheduleService,
      useFactory: (
        { schedules, channel }: ScheduleAccess,
        producer: Producer,
        tasks: TaskService,
        { timezone }: ResolvedTasksOptions,
      ) => new ScheduleService(schedules, channel, producer, tasks, timezone),
      inject: [storage, Producer, TaskService, options],
    },
    {
      provide: ScheduleReconciler,
      useFactory: (
        { schedules, channel }: ScheduleAccess,
        registry: TaskRegistry,
        service: ScheduleService,
      ) => new ScheduleReconciler(schedules, channel, registry, service),
      inject: [storage, TaskRegistry, ScheduleService],
    },
    {
      provide: Scheduler,
      useFactory: (
        { schedules, channel }: ScheduleAccess,
        producer: Producer,
        registry: TaskRegistry,
        reconciler: ScheduleReconciler,
        { timezone, allowUnknownTasks }: ResolvedTasksOptions,
      ) =>
        new Scheduler({
          storage: schedules,
          channel,
          producer,
          registry,
          reconciler,
          timezone,
          allowUnknownTasks,
        }),
      inject: [storage, Producer, TaskRegistry, ScheduleReconciler, options],
    },
    ScheduleExplorer,
  ];
}
