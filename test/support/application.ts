import { Module, type INestApplicationContext, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  TasksModule,
  TaskService,
  Worker,
  type TasksModuleOptions,
  type WorkerOptions,
} from '#dist/tasks/index.js';

export interface TestApplication {
  readonly app: INestApplicationContext;
  readonly tasks: TaskService;
  readonly worker: Worker;
  startWorker(options?: WorkerOptions): Promise<void>;
  close(): Promise<void>;
}

/** A Nest application with the library on the database, and without a worker until one is started. */
export async function createApplication(
  url: string,
  metadata: ModuleMetadata = {},
  options: TasksModuleOptions = {},
): Promise<TestApplication> {
  @Module({
    ...metadata,
    imports: [
      TypeOrmModule.forRoot({ type: 'postgres', url }),
      TasksModule.forRoot({ lease: '2s', ...options }),
      ...(metadata.imports ?? []),
    ],
  })
  class TestModule {}

  const app = await NestFactory.createApplicationContext(TestModule, { logger: false, abortOnError: false });
  const worker = app.get(Worker);
  return {
    app,
    worker,
    tasks: app.get(TaskService),
    startWorker: (workerOptions) => worker.start(workerOptions),
    async close() {
      await worker.stop(0);
      await app.close();
    },
  };
}
