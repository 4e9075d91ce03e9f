import { Body, HttpCode, Inject, Post } from '@nestjs/common';
import { narrowed, type BulkAction, type BulkResult } from '../submission/bulk-action.js';
import { TaskService } from '../submission/task.service.js';
import { COUNT_CAP } from '../store/task-reader.js';
import { CurrentPrincipal, Needs } from './access/access.guard.js';
import { byOf, type Principal } from './access/principal.js';
import { parseBulkAction } from './requests/bulk-action-request.js';

/** How many tasks would be meant; `capped` says that there are more. */
export interface BulkCount {
  count: number;
  capped: boolean;
}

/** Retries, forgets or revokes many tasks. `TasksHttpModule` mounts it before the tasks' own routes. */
export class BulkController {
  constructor(@Inject(TaskService) private readonly tasks: TaskService) {}

  /** Counts first, with `count: true`; then does it, to at most 10,000 tasks in one request, and says where to go on. */
  @Post('bulk-actions')
  @HttpCode(200)
  @Needs('administer')
  async act(
    @Body() body: unknown,
    @CurrentPrincipal() principal: Principal,
  ): Promise<BulkCount | BulkResult> {
    const { action, filter, terminate, count, cursor } = parseBulkAction(body);
    if (count) return this.count(action, filter);
    return this.tasks.bulk(action, filter, { terminate, cursor, by: byOf(principal) });
  }

  private async count(action: BulkAction, filter: Parameters<TaskService['count']>[0]): Promise<BulkCount> {
    const fitting = narrowed(action, filter);
    const n = [fitting.state].flat().length === 0 ? 0 : await this.tasks.count(fitting);
    return { count: Math.min(n, COUNT_CAP), capped: n > COUNT_CAP };
  }
}
