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
import { BulkController } from './bulk.controller.js';
import { HttpErrorFilter } from './error.filter.js';
import { JsonBodyGuard } from './requests/json-body.guard.js';
import { LimitsController } from './limits.controller.js';
import { LiveTasksController } from './live-tasks.controller.js';
import { StatisticsController } from './statistics.controller.js';
import { SchedulesController } from './schedules.controller.js';
import { SubmissionController } from './submission.controller.js';
import { TaskEventsController } from './task-events.controller.js';
import { TasksController } from './tasks.controller.js';
import { WorkflowsController } from './workflows.controller.js';
import { WorkersController } from './workers.controller.js';
import { HTTP_PATH, assertPath, type TasksHttpExtras, type TasksHttpOptions } from './tasks-http.options.js';

/** In this order: fixed names come before `:name` and `:id`. */
const CONTROLLERS = [
  WorkersController,
  LimitsController,
  AdministrationController,
  WorkflowsController,
  StatisticsController,
  BulkController,
  LiveTasksController,
  SchedulesController,
  TaskEventsController,
  SubmissionController,
  TasksController,
];
const EXTRAS: TasksHttpExtras = { path: 'tasks', guards: [] };

export const { ConfigurableModuleClass: ConfigurableTasksHttpModule, MODULE_OPTIONS_TOKEN: HTTP_OPTIONS } =
  new ConfigurableModuleBuilder<TasksHttpOptions>({ moduleName: 'TasksHttp' })
    .setClassMethodName('forRoot')
    .setExtras(EXTRAS, (definition, { path = 'tasks', guards = [] }) => ({
      ...definition,
      providers: [...(definition.providers ?? []), { provide: HTTP_PATH, useValue: assertPath(path) }],
      exports: [...(definition.exports ?? []), HTTP_PATH],
      controllers: CONTROLLERS.map((controller) => mounted(controller, assertPath(path), guards)),
    }))
    .build();

function mounted(controller: Type, path: string, guards: NonNullable<TasksHttpExtras['guards']>): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(...guards, TasksAccessGuard, JsonBodyGuard)
  @UseFilters(HttpErrorFilter)
  class Mounted extends controller {}
  Object.defineProperty(Mounted, 'name', { value: controller.name });
  return Mounted;
}
