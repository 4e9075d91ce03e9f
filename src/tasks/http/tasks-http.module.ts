import { Global, Module, type DynamicModule } from '@nestjs/common';
import { TasksAccess } from './access/tasks-access.js';
import { ConnectionCloser } from './connection-closer.js';
import { LiveTasks } from './live-tasks.js';
import { Reception } from './reception.js';
import { TaskLinks } from './task-links.js';
import { TaskViews } from './task-views.js';
import { ConfigurableTasksHttpModule, HTTP_OPTIONS } from './tasks-http.module-definition.js';
import {
  RESOLVED_HTTP_OPTIONS,
  resolveHttpOptions,
  type ResolvedHttpOptions,
  type TasksHttpExtras,
  type TasksHttpOptions,
} from './tasks-http.options.js';

/**
 * Routes to submit tasks, to ask about them and to operate them. Nothing mounts by itself: import it where the API is
 * served, by `forRoot()` or `forRootAsync()`. Global, so that `TasksAccessGuard` works on the application's controllers.
 */
@Global()
@Module({
  providers: [
    ConnectionCloser,
    LiveTasks,
    {
      provide: RESOLVED_HTTP_OPTIONS,
      useFactory: (given: TasksHttpOptions) => resolveHttpOptions(given),
      inject: [HTTP_OPTIONS],
    },
    {
      provide: TasksAccess,
      useFactory: (options: ResolvedHttpOptions) => new TasksAccess(options),
      inject: [RESOLVED_HTTP_OPTIONS],
    },
    Reception,
    TaskViews,
    {
      provide: TaskLinks,
      useFactory: ({ publicUrl }: ResolvedHttpOptions) => new TaskLinks(publicUrl),
      inject: [RESOLVED_HTTP_OPTIONS],
    },
  ],
  exports: [TasksAccess],
})
export class TasksHttpModule extends ConfigurableTasksHttpModule {
  /** The routes with these options, each with its default in `TasksHttpOptions`. */
  static override forRoot(options: TasksHttpOptions & TasksHttpExtras = {}): DynamicModule {
    return super.forRoot(options);
  }
}
