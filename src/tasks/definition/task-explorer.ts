import { Injectable, Optional, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/internal';
import { TaskDefinitionError } from '../errors.js';
import { describeTask } from './describe-task.js';
import { TaskDefaults } from './task-defaults.js';
import { TaskRegistry } from './task-registry.js';
import { Task, type TaskOptions } from './task.decorator.js';

/** Finds every decorated method of every provider, so that nothing has to be listed by hand. */
@Injectable()
export class TaskExplorer implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly registry: TaskRegistry,
    // the type must be written: an inferred one is not emitted, and nothing would be injected
    @Optional() private readonly defaults: TaskDefaults = new TaskDefaults(),
  ) {}

  /** @throws TaskDefinitionError for what could not work at run time. */
  onModuleInit(): void {
    for (const wrapper of this.discovery.getProviders()) {
      // useExisting: the same instance under a second token
      if (wrapper.isAlias) continue;
      for (const { prototype, className, method, options } of this.tasksOf(wrapper))
        this.registry.add({
          ...describeTask(prototype, className, method, options, this.defaults),
          host: wrapper,
          className,
          method,
        });
    }
    for (const wrapper of this.discovery.getControllers())
      for (const { className, method } of this.tasksOf(wrapper))
        throw new TaskDefinitionError(
          `@Task() on ${className}.${method}: tasks live on providers, not on controllers, since workers have no controllers. ` +
            `Move the method to an @Injectable() class that a module provides.`,
        );
  }

  private *tasksOf(
    wrapper: InstanceWrapper,
  ): Generator<{ prototype: object; className: string; method: string; options: TaskOptions }> {
    // a request-scoped provider has a bare object of its prototype here; a factory's class shows on its instance only
    const instance = wrapper.instance as object | null | undefined;
    const prototype = instance
      ? (Object.getPrototypeOf(instance) as object | null)
      : wrapper.metatype?.prototype;
    if (!prototype || prototype === Object.prototype) return;
    for (const method of this.scanner.getAllMethodNames(prototype as object)) {
      const handler = (prototype as Record<string, unknown>)[method] as () => unknown;
      const options = this.reflector.get(Task, handler) as TaskOptions | undefined;
      if (options)
        yield { prototype: prototype as object, className: prototype.constructor.name, method, options };
    }
  }
}
