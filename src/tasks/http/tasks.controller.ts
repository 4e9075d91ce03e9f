import { Body, Delete, Get, HttpCode, Inject, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import type { HistoryEntry } from '../submission/task-history.js';
import type { TaskRecord } from '../submission/task-view.js';
import { TaskService } from '../submission/task.service.js';
import { CurrentPrincipal, Needs } from './access/access.guard.js';
import { byOf, scopeOf, type Principal } from './access/principal.js';
import { JsonBodyGuard } from './requests/json-body.guard.js';
import { parseListQuery } from './requests/list-query.js';
import { parseRevoke, parseWait } from './requests/task-request.js';
import { historyFor, viewFor } from './task-visibility.js';

/** What Express's response and that below Fastify's reply share. */
interface ClosingResponse {
  readonly raw?: ClosingResponse;
  once(event: 'close', listener: () => void): unknown;
}

/** Asks about tasks and operates them. `TasksHttpModule` mounts it under the path of its options. */
@UseGuards(JsonBodyGuard)
export class TasksController {
  constructor(@Inject(TaskService) private readonly tasks: TaskService) {}

  @Get()
  @Needs('list')
  async list(
    @Query() query: Record<string, unknown>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ items: TaskRecord[]; nextCursor: string | null }> {
    const { filter, page } = parseListQuery(query);
    const { items, nextCursor } = await this.tasks.list({ ...filter, owner: scopeOf(principal) }, page);
    return { items: items.map((item) => viewFor(item, principal)), nextCursor };
  }

  @Get(':id')
  @Needs('see')
  async status(
    @Param('id') id: string,
    @Query('wait') wait: unknown,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) response: ClosingResponse,
  ): Promise<TaskRecord> {
    const timeoutMs = wait === undefined ? undefined : parseWait(wait);
    const record = await this.visible(id, principal);
    if (timeoutMs === undefined) return viewFor(record, principal);
    const left = new AbortController();
    (response.raw ?? response).once('close', () => left.abort());
    return viewFor(await this.tasks.waitFor(id, timeoutMs, left.signal), principal);
  }

  @Get(':id/history')
  @Needs('see')
  async history(
    @Param('id') id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ items: HistoryEntry[] }> {
    await this.visible(id, principal);
    return { items: historyFor(await this.tasks.history(id), principal) };
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
    return viewFor(await this.tasks.revoke(id, { terminate, by: byOf(principal) }), principal);
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
}
