import {
  Controller,
  Module,
  UseFilters,
  UseGuards,
  VERSION_NEUTRAL,
  type DynamicModule,
} from '@nestjs/common';
import { HttpErrorFilter } from '../http/error.filter.js';
import { JsonBodyGuard } from '../http/requests/json-body.guard.js';
import { assertPath } from '../http/tasks-http.options.js';
import { DashboardController } from './dashboard.controller.js';
import { DashboardGuard } from './dashboard.guard.js';
import {
  DASHBOARD_OPTIONS,
  resolveDashboardOptions,
  type TasksDashboardOptions,
} from './dashboard.options.js';

/**
 * A page to see and steer tasks with, served through Nest: guards hold. It asks the routes of `TasksHttpModule`, which
 * must be imported too, and lets those in whom they let in; where these use keys, it asks for one.
 */
@Module({})
export class TasksDashboardModule {
  /** @throws InvalidOptionError */
  static forRoot(options: TasksDashboardOptions = {}): DynamicModule {
    const resolved = resolveDashboardOptions(options);

    @Controller({ path: assertPath(resolved.path), version: VERSION_NEUTRAL })
    @UseGuards(...(options.guards ?? []), DashboardGuard, JsonBodyGuard)
    @UseFilters(HttpErrorFilter)
    class MountedDashboardController extends DashboardController {}

    return {
      module: TasksDashboardModule,
      controllers: [MountedDashboardController],
      providers: [{ provide: DASHBOARD_OPTIONS, useValue: resolved }],
    };
  }
}
