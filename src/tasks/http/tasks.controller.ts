import { Body, Delete, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { Administration } from '../control/administration.js';
import type { HistoryEntry } from '../submission/task-history.js';
import type { TaskRecord } from '../submission/task-view.js';
import type { LogLine } from '../store/log-store.js';
import { TaskService } from '../submission/task.service.js';
import { CurrentPrincipal, Needs } from './access/access.guard.js';
import { byOf, scopeOf, type Principal } from './access/principal.js';
import { parseListQuery } from './requests/list-query.js';
import { parseRedact } from './requests/redact-query.js';
import { parseRevoke, parseWait } from './requests/task-request.js';
import { TaskViews } from './task-views.js';

/** What Express's response and that below Fastify's reply share. */
interface ClosingResponse {
  readonly raw?: ClosingResponse;
  once(event: 'close', listener: () => void): unknown;
}

/** A record, and whether anybody will run it. */
export interface TaskStatus extends TaskRecord {
  /** It waits, and no living worker takes from its queue. */
  unattended: boolean;
}

/** Asks about tasks and operates them. `TasksHttpModule` mounts it under the path of its options. */
export class TasksController {
  constructor(
    @Inject(TaskService) private readonly tasks: TaskService,
    @Inject(Administration) private readonly administration: Administration,
    @Inject(TaskViews) private readonly views: TaskViews,
  ) {}

  @Get()
  @Needs('list')
  async list(
    @Query() query: Record<string, unknown>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ items: TaskRecord[]; nextCursor: string | null }> {
    const { filter, page, redact } = parseListQuery(query);
    this.views.assertMayFind(filter, principal);
    const { items, nextCursor } = await this.tasks.list({ ...filter, owner: scopeOf(principal) }, page);
    return { items: items.map((item) => this.views.recordFor(item, principal, redact)), nextCursor };
  }

  @Get(':id')
  @Needs('see')
  async status(
    @Param('id') id: string,
    @Query('wait') wait: unknown,
    @Query('redact') redact: unknown,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) response: ClosingResponse,
  ): Promise<TaskStatus> {
    const timeoutMs = wait === undefined ? undefined : parseWait(wait);
    const covered = parseRedact(redact);
    const record = await this.visible(id, principal);
    if (timeoutMs === undefined) return this.attended(this.views.recordFor(record, principal, covered));
    const left = new AbortController();
    (response.raw ?? response).once('close', () => left.abort());
    const ended = await this.tasks.waitFor(id, timeoutMs, left.signal);
    return this.attended(this.views.recordFor(ended, principal, covered));
  }

  @Get(':id/history')
  @Needs('see')
  async history(
    @Param('id') id: string,
    @Query('redact') redact: unknown,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ items: HistoryEntry[] }> {
    const covered = parseRedact(redact);
    await this.visible(id, principal);
    return { items: this.views.historyFor(await this.tasks.history(id), principal, covered) };
  }

  /** What it logged, oldest first. */
  @Get(':id/logs')
  @Needs('see')
  async logs(
    @Param('id') id: string,
    @Query('redact') redact: unknown,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ items: LogLine[] }> {
    const covered = parseRedact(redact);
    await this.visible(id, principal);
    return { items: this.views.logsFor(await this.tasks.logs(id), principal, covered) };
  }

  @Post(':id/revoke')
  @HttpCode(200)
  @Needs('revoke')
  async revoke(
    @Param('id') id: string,
    @Body() body: unknown,
    @CurrentPrincipal() principal: Principal,
  ): Promise<TaskRecord> {
    const { terminate } = parseRevoke(body);
    await this.visible(id, principal);
    return this.views.recordFor(await this.tasks.revoke(id, { terminate, by: byOf(principal) }), principal);
  }

  @Post(':id/retry')
  @HttpCode(200)
  @Needs('administer')
  retry(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<TaskRecord> {
    return this.tasks.retry(id, { by: byOf(principal) });
  }

  @Delete(':id')
  @HttpCode(200)
  @Needs('administer')
  async forget(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<TaskRecord> {
    const record = await this.tasks.record(id);
    await this.tasks.forget(id, { by: byOf(principal) });
    return record;
  }

  /** Another owner's task is answered like one that does not exist. */
  private visible(id: string, principal: Principal): Promise<TaskRecord> {
    return this.tasks.record(id, { owner: scopeOf(principal) });
  }

  private async attended(record: TaskRecord): Promise<TaskStatus> {
    const waits =
      (record.state === 'PENDING' || record.state === 'RETRY') &&
      (record.dueAt === null || Date.parse(record.dueAt) <= Date.now());
    return { ...record, unattended: waits && !(await this.administration.isAttended(record.queue)) };
  }
}
