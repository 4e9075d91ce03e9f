import { Body, Get, Headers, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { checkArguments } from '../definition/validation/check-arguments.js';
import { InvalidOptionError } from '../errors.js';
import type { TaskRecord } from '../submission/task-view.js';
import { TaskService } from '../submission/task.service.js';
import type { WorkflowRecord } from '../workflow/workflow-view.js';
import { CurrentPrincipal, Needs } from './access/access.guard.js';
import type { HttpRequest } from './access/http-request.js';
import { byOf, ownerOf, scopeOf, type Principal } from './access/principal.js';
import { Reception } from './reception.js';
import { clientHeaders } from './requests/client-headers.js';
import { checkJsonLimits } from './requests/json-limits.js';
import { parseListQuery } from './requests/list-query.js';
import { objectOf } from './requests/submit-request.js';
import { parseRevoke } from './requests/task-request.js';
import { inWorkflowRequest, parseWorkflowRequest } from './requests/workflow-request.js';
import { TaskLinks, type LinkedRequest } from './task-links.js';
import { TaskViews } from './task-views.js';

/** A submitted workflow: the record of the task that ends it, with where to ask about it. */
export type SubmittedWorkflow = TaskRecord & { statusUrl: string; eventsUrl: string; workflowUrl: string };

/** Tasks that wait for each other. `TasksHttpModule` mounts it before the tasks' own routes. */
export class WorkflowsController {
  constructor(
    @Inject(TaskService) private readonly tasks: TaskService,
    @Inject(TaskLinks) private readonly links: TaskLinks,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(Reception) private readonly reception: Reception,
    @Inject(TaskViews) private readonly views: TaskViews,
  ) {}

  @Post('workflows')
  @HttpCode(202)
  @Needs('submit')
  async submit(
    @Body() body: unknown,
    @Headers('idempotency-key') idempotencyKey: unknown,
    @CurrentPrincipal() principal: Principal,
    @Req() request: LinkedRequest & HttpRequest,
    @Res({ passthrough: true }) response: unknown,
  ): Promise<SubmittedWorkflow> {
    this.reception.assertOpen();
    const { step, options, tasks } = parseWorkflowRequest(body, idempotencyKey);
    for (const { step: one, path, isFed } of tasks) {
      const definition = this.reception.exposed(one.task as string, `${path}.name`);
      // what comes before gives the first: then the worker checks them
      if (!isFed) await checkArguments(definition, one.args, `${path}.args`);
      await this.reception.checkQueue(one.options.queue, `${path}.options.queue`);
    }
    await this.reception.checkQueue(options.queue, 'options.queue');
    try {
      const owner = ownerOf(principal);
      const handle = await this.tasks.workflows.launch(
        step,
        { ...options, ...(owner !== undefined && { owner }) },
        { clientHeaders: clientHeaders(request) },
      );
      const links = this.links.ofWorkflow(request, handle.id);
      this.host.httpAdapter.setHeader(response, 'Location', links.workflowUrl);
      return { ...this.views.recordFor(await handle.record(), principal), ...links };
    } catch (error) {
      throw inWorkflowRequest(error, idempotencyKey !== undefined);
    }
  }

  /** The newest first, as the records of the tasks that end them. */
  @Get('workflows')
  @Needs('list')
  async list(
    @Query() query: Record<string, unknown>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ items: TaskRecord[]; nextCursor: string | null }> {
    for (const name of Object.keys(query))
      if (name !== 'limit' && name !== 'cursor')
        throw new InvalidOptionError(name.slice(0, 40), 'limit and cursor', 'another one', 'INVALID_FILTER');
    const { page } = parseListQuery(query);
    const { items, nextCursor } = await this.tasks.workflows.list({ owner: scopeOf(principal) }, page);
    return { items: items.map((item) => this.views.recordFor(item, principal)), nextCursor };
  }

  /** Its tasks with their states, and who waits for whom. */
  @Get('workflows/:id')
  @Needs('see')
  async get(
    @Param('id') id: string,
    @Query('nodes') nodes: unknown,
    @CurrentPrincipal() principal: Principal,
  ): Promise<WorkflowRecord> {
    if (nodes !== undefined && (typeof nodes !== 'string' || !/^\d{1,6}$/.test(nodes)))
      throw new InvalidOptionError('nodes', 'a whole number from 0 to 5000', nodes, 'INVALID_PAGE');
    const most = nodes === undefined ? undefined : Number(nodes);
    const record = await this.tasks.workflows.get(id, { owner: scopeOf(principal), nodes: most });
    return this.views.workflowFor(record, principal);
  }

  @Post('workflows/:id/revoke')
  @HttpCode(200)
  @Needs('revoke')
  async revoke(
    @Param('id') id: string,
    @Body() body: unknown,
    @CurrentPrincipal() principal: Principal,
  ): Promise<WorkflowRecord> {
    const { terminate } = parseRevoke(body);
    const options = { terminate, by: byOf(principal), owner: scopeOf(principal) };
    return this.views.workflowFor(await this.tasks.workflows.revoke(id, options), principal);
  }

  @Post('workflows/:id/resume')
  @HttpCode(200)
  @Needs('administer')
  resume(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<WorkflowRecord> {
    return this.tasks.workflows.resume(id, { by: byOf(principal) });
  }

  /** Gives what `ctx.waitFor(name)` waits for; the payload may be left out. */
  @Post('workflows/:id/signals/:name')
  @HttpCode(200)
  @Needs('submit')
  async signal(
    @Param('id') id: string,
    @Param('name') name: string,
    @Body() body: unknown,
    @CurrentPrincipal() principal: Principal,
  ): Promise<WorkflowRecord> {
    const { payload = null } =
      body === undefined || body === null ? {} : objectOf(body, 'signal', ['payload']);
    checkJsonLimits(payload, 'payload');
    await this.tasks.workflows.signal(id, name, payload, { owner: scopeOf(principal) });
    return this.views.workflowFor(await this.tasks.workflows.get(id), principal);
  }
}
