import { Module, type DynamicModule, type Type } from '@nestjs/common';

/** Provided exactly in processes that {@link runWorker} started. */
export const WORKER_PROCESS = Symbol('celeriac:worker-process');

/** The root module of a worker process: the application's, and the mark that this is one. */
@Module({})
export class WorkerProcessModule {
  static of(application: Type | DynamicModule): DynamicModule {
    return {
      module: WorkerProcessModule,
      global: true,
      imports: [application],
      providers: [{ provide: WORKER_PROCESS, useValue: true }],
      exports: [WORKER_PROCESS],
    };
  }
}
