import {
  ConfigurableModuleBuilder,
  Controller,
  UseFilters,
  UseGuards,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import { TasksAccessGuard } from './access/access.guard.js';
import { AdministrationController } from './administration.controller.js';
import { HttpErrorFilter } from './error.filter.js';
import { SubmissionController } from './submission.controller.js';
import { TaskEventsController } from './task-events.controller.js';
import { TasksController } from './tasks.controller.js';
import { assertPath, type TasksHttpExtras, type TasksHttpOptions } from './tasks-http.options.js';

/** In this order: fixed names come before `:name` and `:id`. */
const CONTROLLERS = [AdministrationController, TaskEventsController, SubmissionController, TasksController];
const EXTRAS: TasksHttpExtras = { path: 'tasks', guards: [] };

export const { ConfigurableModuleClass: ConfigurableTasksHttpModule, MODULE_OPTIONS_TOKEN: HTTP_OPTIONS } =
  new ConfigurableModuleBuilder<TasksHttpOptions>({ moduleName: 'TasksHttp' })
    .setClassMethodName('forRoot')
    .setExtras(EXTRAS, (definition, { path = 'tasks', guards = [] }) => ({
      ...definition,
      controllers: CONTROLLERS.map((controller) => mounted(controller, assertPath(path), guards)),
    }))
    .build();

function mounted(controller: Type, path: string, guards: NonNullable<TasksHttpExtras['guards']>): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(...guards, TasksAccessGuard)
  @UseFilters(HttpErrorFilter)
  class Mounted extends controller {}
  Object.defineProperty(Mounted, 'name', { value: controller.name });
  return Mounted;
}
