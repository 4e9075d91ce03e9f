import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/internal';
import { TaskDefinitionError, didYouMean } from '../errors.js';
import { toExpression } from '../definition/routes.js';
import { TaskEventBus } from './event-bus.js';
import { TaskEventListeners, type TaskEventListener } from './on-task-event.decorator.js';
import { TASK_EVENTS, type TaskEvent } from './task-events.js';

/** Finds every method that listens to events. */
@Injectable()
export class TaskEventExplorer implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly bus: TaskEventBus,
  ) {}

  /** @throws TaskDefinitionError for what could not work at run time. */
  onModuleInit(): void {
    for (const wrapper of this.discovery.getProviders()) {
      if (wrapper.isAlias || !wrapper.instance) continue;
      const prototype = Object.getPrototypeOf(wrapper.instance) as Record<string, () => unknown> | null;
      if (!prototype || prototype === Object.prototype) continue;
      for (const method of this.scanner.getAllMethodNames(prototype))
        for (const listener of this.reflector.get(TaskEventListeners, prototype[method]!) ?? [])
          this.subscribe(wrapper, method, listener);
    }
  }

  onApplicationBootstrap(): void {
    this.bus.start();
  }

  private subscribe(wrapper: InstanceWrapper, method: string, listener: TaskEventListener): void {
    const where = `@OnTaskEvent() on ${wrapper.name}.${method}`;
    if (!wrapper.isDependencyTreeStatic())
      throw new TaskDefinitionError(`${where}: events reach singletons only, not request-scoped providers`);
    for (const event of listener.events)
      if (!TASK_EVENTS.includes(event))
        throw new TaskDefinitionError(
          `${where}: no event is called '${event}'${didYouMean(event, TASK_EVENTS)}`,
        );
    const { task, from = 'here' } = listener;
    if (from !== 'here' && from !== 'everywhere')
      throw new TaskDefinitionError(`${where}: from is 'here' or 'everywhere', got '${from as string}'`);
    const fits = task === undefined ? undefined : toExpression(task);
    const instance = wrapper.instance as Record<string, (event: TaskEvent) => unknown>;
    const hear = (event: TaskEvent): unknown => {
      if (fits && !('name' in event && fits.test(event.name))) return undefined;
      return instance[method]!(event);
    };
    this.bus.listen(listener.events, hear, from === 'everywhere');
  }
}
