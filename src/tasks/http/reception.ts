import { Inject, Injectable } from '@nestjs/common';
import type { TaskDefinition } from '../definition/task-definition.js';
import { isTaskName } from '../definition/task-name.js';
import { TaskRegistry } from '../definition/task-registry.js';
import { InvalidOptionError, ShuttingDownError, UnknownTaskError } from '../errors.js';
import { TaskService } from '../submission/task.service.js';

/** What is asked of everything that comes from outside, before it is submitted. */
@Injectable()
export class Reception {
  constructor(
    @Inject(TaskService) private readonly tasks: TaskService,
    @Inject(TaskRegistry) private readonly registry: TaskRegistry,
  ) {}

  /** Running tasks may still submit others, but what comes from outside goes to another process. @throws ShuttingDownError */
  assertOpen(): void {
    if (this.tasks.isShuttingDown) throw new ShuttingDownError();
  }

  /** A task that is not exposed is answered like one that does not exist. @throws InvalidOptionError, UnknownTaskError */
  exposed(name: string, path?: string): TaskDefinition {
    if (!isTaskName(name))
      throw new InvalidOptionError(
        path ?? 'name',
        'the name of a task',
        'something else',
        'INVALID_TASK_NAME',
      );
    const definition = this.registry.find(name);
    if (definition?.http === true) return definition;
    throw new UnknownTaskError(name, ' here: a task is to be had over HTTP with @Task({ http: true })', path);
  }

  /** A request makes no queues: a typing error would wait for ever. @throws InvalidOptionError */
  async checkQueue(queue: unknown, path: string): Promise<void> {
    if (typeof queue === 'string' && !(await this.tasks.knowsQueue(queue)))
      throw new InvalidOptionError(path, 'a queue that is known here', 'another one', 'UNKNOWN_QUEUE');
  }
}
