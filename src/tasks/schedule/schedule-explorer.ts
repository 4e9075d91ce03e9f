import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { TaskRegistry } from '../definition/task-registry.js';
import {
  InvalidArgumentError,
  InvalidOptionError,
  NotSerializableError,
  TaskDefinitionError,
} from '../errors.js';
import type { ScheduleFields } from './schedule-changes.js';
import { DeclaredSchedules, type DeclaredSchedule } from './schedule.decorator.js';
import { ScheduleReconciler } from './schedule-reconciler.js';
import { assertScheduleName } from './schedule-spec.js';
import { ScheduleService } from './schedule.service.js';

/** Finds what the code declares, and makes it so. */
@Injectable()
export class ScheduleExplorer implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly registry: TaskRegistry,
    private readonly schedules: ScheduleService,
    private readonly reconciler: ScheduleReconciler,
  ) {}

  /** @throws TaskDefinitionError for what could not work at run time. */
  async onApplicationBootstrap(): Promise<void> {
    const declared = new Map<string, ScheduleFields>();
    for (const { where, task, schedule } of this.find()) {
      const { name = task, ...given } = schedule;
      if (declared.has(name))
        throw new TaskDefinitionError(
          `${where}: another schedule is called '${name}' too. Give it another name: @Schedule({ name: '…' }).`,
        );
      declared.set(name, await this.check(where, name, { ...given, task }));
    }
    await this.reconciler.reconcile(declared);
  }

  private *find(): Generator<{ where: string; task: string; schedule: DeclaredSchedule }> {
    const tasks = this.registry.all();
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const instance = wrapper.instance as object | null | undefined;
      if (wrapper.isAlias) continue;
      const prototype = (instance ? Object.getPrototypeOf(instance) : wrapper.metatype?.prototype) as Record<
        string,
        () => unknown
      > | null;
      if (!prototype || prototype === Object.prototype) continue;
      for (const method of this.scanner.getAllMethodNames(prototype)) {
        const schedules = this.reflector.get(DeclaredSchedules, prototype[method]!) as
          readonly DeclaredSchedule[] | undefined;
        if (!schedules) continue;
        const where = `@Schedule() on ${prototype.constructor.name}.${method}`;
        const task = tasks.find((each) => each.host === wrapper && each.method === method);
        if (!task)
          throw new TaskDefinitionError(`${where}: it is no task. Decorate it with @Task() as well.`);
        for (const schedule of schedules) yield { where, task: task.name, schedule };
      }
    }
  }

  private async check(where: string, name: string, fields: ScheduleFields): Promise<ScheduleFields> {
    try {
      assertScheduleName(name);
      const { spec, enabled } = await this.schedules.checked(name, fields);
      return { ...spec, enabled };
    } catch (error) {
      if (
        error instanceof InvalidOptionError ||
        error instanceof NotSerializableError ||
        error instanceof InvalidArgumentError
      )
        throw new TaskDefinitionError(`${where}: ${error.message}`, { cause: error });
      throw error;
    }
  }
}
