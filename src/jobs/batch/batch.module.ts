import { type DynamicModule, Module } from '@nestjs/common';
import { BatchController } from './batch.controller.js';
import { type BatchOptions, BatchSettings } from './batch.options.js';
import { BatchRunner } from './batch.runner.js';
import { BatchTasks } from './batch.tasks.js';
import { TaskStatusController } from './task-status.controller.js';
import { UploadsStore } from './uploads.store.js';

/** The task `batch.process` and its two routes, `POST /batch-process` and `GET /task-status/:id`. */
@Module({})
export class BatchModule {
  static forRoot(options: BatchOptions = {}): DynamicModule {
    return {
      module: BatchModule,
      controllers: [BatchController, TaskStatusController],
      providers: [
        { provide: BatchSettings, useFactory: () => new BatchSettings(options) },
        UploadsStore,
        BatchRunner,
        BatchTasks,
      ],
    };
  }
}
