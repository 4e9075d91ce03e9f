import { Module, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import { HttpErrorFilter, TasksHttpModule, type TasksHttpOptions } from '#dist/tasks/http/index.js';
import { TasksModule, TaskService, Worker, type TasksModuleOptions } from '#dist/tasks/index.js';

export const ADAPTERS = ['express', 'fastify'] as const;
export type Adapter = (typeof ADAPTERS)[number];

export interface HttpApplication {
  readonly app: INestApplication;
  readonly url: string;
  readonly tasks: TaskService;
  readonly worker: Worker;
  close(): Promise<void>;
}

/** A Nest application with the library's routes, on a free port of loopback. */
export async function createHttpApplication(
  adapter: Adapter,
  databaseUrl: string,
  metadata: ModuleMetadata = {},
  options: {
    http?: TasksHttpOptions;
    tasks?: TasksModuleOptions;
    configure?: (app: INestApplication) => void;
  } = {},
): Promise<HttpApplication> {
  @Module({
    ...metadata,
    imports: [
      TypeOrmModule.forRoot({ type: 'postgres', url: databaseUrl }),
      TasksModule.forRoot({ lease: '2s', ...options.tasks }),
      TasksHttpModule.forRoot(options.http),
      ...(metadata.imports ?? []),
    ],
    providers: [...(metadata.providers ?? []), { provide: APP_FILTER, useClass: HttpErrorFilter }],
  })
  class TestHttpModule {}

  const settings = { logger: false, abortOnError: false } as const;
  const app =
    adapter === 'express'
      ? await NestFactory.create(TestHttpModule, settings)
      : await NestFactory.create(
          TestHttpModule,
          new FastifyAdapter({
            bodyLimit: 102_400,
            routerOptions: { maxParamLength: 500 },
            // the library refuses such keys itself, and says where they are
            onProtoPoisoning: 'ignore',
            onConstructorPoisoning: 'ignore',
          }),
          settings,
        );
  options.configure?.(app);
  await app.listen(0, '127.0.0.1');
  return {
    app,
    url: await app.getUrl(),
    tasks: app.get(TaskService),
    worker: app.get(Worker),
    async close() {
      await app.get(Worker).stop(0);
      await app.close();
    },
  };
}
