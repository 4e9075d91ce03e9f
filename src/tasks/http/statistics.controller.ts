import { Get, Inject, Query } from '@nestjs/common';
import { InvalidOptionError } from '../errors.js';
import { TaskStatistics, type AuditRecord, type StatisticsAnswer } from '../observability/task-statistics.js';
import type { ErrorGroup } from '../store/error-store.js';
import { TaskService } from '../submission/task.service.js';
import type { TasksHealth } from '../submission/tasks-health.js';
import { Needs } from './access/access.guard.js';
import { parseAuditQuery, parseErrorsQuery, parseStatisticsQuery } from './requests/statistics-query.js';

/** The database and the broker, as seen from the process that answers. */
export type HealthAnswer = { ok: true; health: TasksHealth } | { ok: false; reason: string };

/** Statistics, errors and the audit trail. `TasksHttpModule` mounts it before the tasks' own routes. */
export class StatisticsController {
  constructor(
    @Inject(TaskStatistics) private readonly statistics: TaskStatistics,
    @Inject(TaskService) private readonly tasks: TaskService,
  ) {}

  @Get('stats')
  @Needs('administer')
  async stats(@Query() query: Record<string, unknown>): Promise<StatisticsAnswer & { health: HealthAnswer }> {
    const { window, ...filter } = parseStatisticsQuery(query);
    const [answer, health] = await Promise.all([this.statistics.read(window, filter), this.health()]);
    return { ...answer, health };
  }

  @Get('errors')
  @Needs('administer')
  async errors(@Query() query: Record<string, unknown>): Promise<{ items: ErrorGroup[] }> {
    const { limit, ...filter } = parseErrorsQuery(query);
    return { items: await this.statistics.errors(filter, limit) };
  }

  /** Newest first. */
  @Get('audit')
  @Needs('administer')
  async audit(
    @Query() query: Record<string, unknown>,
  ): Promise<{ items: AuditRecord[]; nextCursor: string | null }> {
    const { limit, before, taskId } = parseAuditQuery(query);
    const items = await this.statistics.audit({ limit, before, taskId });
    return { items, nextCursor: items.length === limit ? items.at(-1)!.id : null };
  }

  private async health(): Promise<HealthAnswer> {
    try {
      return { ok: true, health: await this.tasks.health() };
    } catch (error) {
      if (error instanceof InvalidOptionError) throw error;
      return { ok: false, reason: (error as Error).message };
    }
  }
}
