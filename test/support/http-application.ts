import { Module, type DynamicModule, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  HttpErrorFilter,
  fastifyOptions,
  TasksHttpModule,
  type TasksHttpExtras,
  type TasksHttpOptions,
} from '#dist/tasks/http/index.js';
import { TasksModule, TaskService, Worker, type TasksModuleOptions } from '#dist/tasks/index.js';
import { HttpClient } from './http-client.js';

export const ADAPTERS = ['express', 'fastify'] as const;
export type Adapter = (typeof ADAPTERS)[number];

export interface HttpApplication {
  readonly app: INestApplication;
  readonly url: string;
  readonly client: HttpClient;
  readonly tasks: TaskService;
  readonly worker: Worker;
  close(): Promise<void>;
}

export interface HttpApplicationOptions {
  readonly http?: TasksHttpOptions & TasksHttpExtras;
  /** Instead of `TasksHttpModule.forRoot(http)`. */
  readonly httpModule?: DynamicModule;
  readonly tasks?: TasksModuleOptions;
  readonly configure?: (app: INestApplication) => unknown;
  /** Where it listens. Default: loopback. */
  readonly host?: string;
}

/** A Nest application with the library's routes, on a free port. */
export async function createHttpApplication(
  adapter: Adapter,
  databaseUrl: string,
  metadata: ModuleMetadata = {},
  { http, httpModule, tasks, configure, host = '127.0.0.1' }: HttpApplicationOptions = {},
): Promise<HttpApplication> {
  @Module({
    ...metadata,
    imports: [
      TypeOrmModule.forRoot({ type: 'postgres', url: databaseUrl }),
      TasksModule.forRoot({ lease: '2s', ...tasks }),
      httpModule ?? TasksHttpModule.forRoot(http),
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
          new FastifyAdapter({ bodyLimit: 102_400, ...fastifyOptions }),
          settings,
        );
  configure?.(app);
  await app.listen(0, host);
  const url = await app.getUrl();
  return {
    app,
    url,
    client: new HttpClient(url),
    tasks: app.get(TaskService),
    worker: app.get(Worker),
    async close() {
      await app.get(Worker).stop(0);
      await app.close();
    },
  };
}
