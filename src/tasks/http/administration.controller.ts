import { Get, HttpCode, Inject, Param, Post, UseFilters } from '@nestjs/common';
import { assertQueueName } from '../definition/option-checks.js';
import { Administration, type QueueStatus, type WorkerStatus } from '../control/administration.js';
import { Needs } from './access.guard.js';
import { HttpErrorFilter } from './error.filter.js';

/** Workers and queues. `TasksHttpModule` mounts it before the tasks' own routes: their names are reserved. */
@UseFilters(HttpErrorFilter)
export class AdministrationController {
  constructor(@Inject(Administration) private readonly administration: Administration) {}

  @Get('workers')
  @Needs('administer')
  async workers(): Promise<{ items: WorkerStatus[] }> {
    return { items: await this.administration.workers() };
  }

  @Get('queues')
  @Needs('administer')
  async queues(): Promise<{ items: QueueStatus[] }> {
    return { items: await this.administration.queues() };
  }

  /** Nothing more is taken from the queue until it is resumed; submissions go on. */
  @Post('queues/:queue/pause')
  @HttpCode(200)
  @Needs('administer')
  pause(@Param('queue') queue: string): Promise<QueueStatus> {
    return this.administration.pause(assertQueueName(queue));
  }

  @Post('queues/:queue/resume')
  @HttpCode(200)
  @Needs('administer')
  resume(@Param('queue') queue: string): Promise<QueueStatus> {
    return this.administration.resume(assertQueueName(queue));
  }
}
