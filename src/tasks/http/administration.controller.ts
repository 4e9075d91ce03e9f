import { Body, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { assertQueueName } from '../definition/option-checks.js';
import { Administration, type QueueStatus } from '../control/administration.js';
import { TaskService } from '../submission/task.service.js';
import { CurrentPrincipal, Needs } from './access/access.guard.js';
import { byOf, type Principal } from './access/principal.js';
import { parseRevokeMany } from './requests/revoke-request.js';

/**
 * Queues, and many tasks at once. `TasksHttpModule` mounts it before the tasks' own routes: their names are
 * reserved.
 */
export class AdministrationController {
  constructor(
    @Inject(Administration) private readonly administration: Administration,
    @Inject(TaskService) private readonly tasks: TaskService,
  ) {}

  @Get('queues')
  @Needs('administer')
  async queues(): Promise<{ items: QueueStatus[] }> {
    return { items: await this.administration.queues() };
  }

  /** Nothing more is taken from the queue until it is resumed; submissions go on. */
  @Post('queues/:queue/pause')
  @HttpCode(200)
  @Needs('administer')
  pause(@Param('queue') queue: string, @CurrentPrincipal() principal: Principal): Promise<QueueStatus> {
    return this.administration.pause(assertQueueName(queue), { by: byOf(principal) });
  }

  @Post('queues/:queue/resume')
  @HttpCode(200)
  @Needs('administer')
  resume(@Param('queue') queue: string, @CurrentPrincipal() principal: Principal): Promise<QueueStatus> {
    return this.administration.resume(assertQueueName(queue), { by: byOf(principal) });
  }

  /** Revokes what is ready to be taken from the queue now. */
  @Post('queues/:queue/purge')
  @HttpCode(200)
  @Needs('administer')
  async purge(
    @Param('queue') queue: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ purged: number }> {
    return { purged: await this.administration.purge(assertQueueName(queue), { by: byOf(principal) }) };
  }

  /** Answers when all that fit have been ended, or their workers asked. */
  @Post('revoke')
  @HttpCode(200)
  @Needs('administer')
  revokeMany(
    @Body() body: unknown,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ ended: number; asked: number }> {
    const { filter, terminate } = parseRevokeMany(body);
    return this.tasks.revokeMany(filter, { terminate, by: byOf(principal) });
  }
}
