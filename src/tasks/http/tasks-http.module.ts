import {
  Controller,
  Module,
  UseGuards,
  VERSION_NEUTRAL,
  type DynamicModule,
  type Type,
} from '@nestjs/common';
import { AccessGuard } from './access.guard.js';
import { AdministrationController } from './administration.controller.js';
import { TaskEventsController } from './task-events.controller.js';
import { TaskLinks } from './task-links.js';
import { TasksController } from './tasks.controller.js';
import { TASKS_HTTP_OPTIONS, checkHttpOptions, type TasksHttpOptions } from './tasks-http.options.js';

/**
 * Routes to submit tasks, to ask about them and to operate them. Nothing mounts by itself: import it where the API is
 * served. The options are static, since Nest reads the routes' paths before any provider exists.
 */
@Module({})
export class TasksHttpModule {
  static forRoot(given: TasksHttpOptions = {}): DynamicModule {
    const options = checkHttpOptions(given);
    const { path = 'tasks', guards = [], publicUrl } = options;
    const mounted = <T extends Type>(controller: T): T => {
      @Controller({ path, version: VERSION_NEUTRAL })
      @UseGuards(...guards, AccessGuard)
      class Mounted extends controller {}
      Object.defineProperty(Mounted, 'name', { value: controller.name });
      return Mounted;
    };
    return {
      module: TasksHttpModule,
      // fixed names come before `:name` and `:id`
      controllers: [
        mounted(AdministrationController),
        mounted(TaskEventsController),
        mounted(TasksController),
      ],
      providers: [
        { provide: TASKS_HTTP_OPTIONS, useValue: options },
        { provide: TaskLinks, useValue: new TaskLinks(path, publicUrl) },
      ],
    };
  }
}
