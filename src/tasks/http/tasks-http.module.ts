import {
  Controller,
  Module,
  UseGuards,
  VERSION_NEUTRAL,
  type CanActivate,
  type DynamicModule,
  type Type,
} from '@nestjs/common';
import { TasksController } from './tasks.controller.js';

export interface TasksHttpOptions {
  /** The path of the routes. Default 'tasks'. */
  path?: string | undefined;
  /** Guards in front of every route. Default: none. */
  guards?: readonly Type<CanActivate>[] | undefined;
}

/** Routes to submit tasks and to ask about them. Nothing mounts by itself: import it where the API is served. */
@Module({})
export class TasksHttpModule {
  static forRoot({ path = 'tasks', guards = [] }: TasksHttpOptions = {}): DynamicModule {
    @Controller({ path, version: VERSION_NEUTRAL })
    @UseGuards(...guards)
    class MountedTasksController extends TasksController {}

    return { module: TasksHttpModule, controllers: [MountedTasksController] };
  }
}
