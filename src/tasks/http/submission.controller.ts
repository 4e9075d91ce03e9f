import { Body, Get, Headers, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { TaskRegistry } from '../definition/task-registry.js';
import { InvalidOptionError } from '../errors.js';
import type { TaskRecord } from '../submission/task-view.js';
import { TaskService } from '../submission/task.service.js';
import { CurrentPrincipal, Needs } from './access/access.guard.js';
import type { HttpRequest } from './access/http-request.js';
import { ownerOf, type Principal } from './access/principal.js';
import { checkArguments } from '../definition/validation/check-arguments.js';
import type { TaskSchema } from '../definition/validation/json-schema.js';
import { clientHeaders } from './requests/client-headers.js';
import { inBulk, inRequest } from './requests/request-path.js';
import { parseBulkRequest, parseSubmitRequest } from './requests/submit-request.js';
import { Reception } from './reception.js';
import { TaskLinks, type LinkedRequest } from './task-links.js';
import { TaskViews } from './task-views.js';

/** A submitted task, with where to ask about it. */
export type SubmittedTask = TaskRecord & { statusUrl: string; eventsUrl: string };

/** Submits, and tells what can be submitted. `TasksHttpModule` mounts it under the path of its options. */
export class SubmissionController {
  private registeredTasks?: TaskSchema[];

  constructor(
    @Inject(TaskService) private readonly tasks: TaskService,
    @Inject(TaskRegistry) private readonly registry: TaskRegistry,
    @Inject(TaskLinks) private readonly links: TaskLinks,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(Reception) private readonly reception: Reception,
    @Inject(TaskViews) private readonly views: TaskViews,
  ) {}

  /** The tasks that can be submitted over HTTP, by name. */
  @Get('registered')
  @Needs('see')
  registered(): { items: TaskSchema[] } {
    this.registeredTasks ??= this.registry
      .all()
      .filter((task) => task.http)
      .map((task) => this.registry.describe(task.name));
    return { items: this.registeredTasks };
  }

  @Post('bulk')
  @HttpCode(202)
  @Needs('submit')
  async submitMany(
    @Body() body: unknown,
    @Headers('idempotency-key') idempotencyKey: unknown,
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
  ): Promise<{ ids: string[] }> {
    this.reception.assertOpen();
    // left unread, it would promise something
    if (idempotencyKey !== undefined)
      throw new InvalidOptionError('Idempotency-Key', 'none for many', 'one', 'INVALID_IDEMPOTENCY_KEY');
    const { tasks } = parseBulkRequest(body);
    const owner = ownerOf(principal);
    try {
      for (const [i, { name, args, options }] of tasks.entries()) {
        await checkArguments(this.reception.exposed(name, `[${i}].name`), args, `[${i}].args`);
        await this.reception.checkQueue(options.queue, `[${i}].queue`);
      }
      const handles = await this.tasks.submitMany(
        tasks.map((task) => ({ ...task, options: { ...task.options, owner } })),
        { clientHeaders: clientHeaders(request) },
      );
      return { ids: handles.map((handle) => handle.id) };
    } catch (error) {
      throw inBulk(error);
    }
  }

  @Post(':name')
  @HttpCode(202)
  @Needs('submit')
  async submit(
    @Param('name') name: string,
    @Body() body: unknown,
    @Headers('idempotency-key') idempotencyKey: unknown,
    @CurrentPrincipal() principal: Principal,
    @Req() request: LinkedRequest & HttpRequest,
    @Res({ passthrough: true }) response: unknown,
  ): Promise<SubmittedTask> {
    this.reception.assertOpen();
    const definition = this.reception.exposed(name);
    const { args, options } = parseSubmitRequest(body, idempotencyKey);
    try {
      await checkArguments(definition, args, 'args');
      await this.reception.checkQueue(options.queue, 'queue');
      const owned = { ...options, owner: ownerOf(principal) };
      const record = await this.tasks.accept(name, args, owned, { clientHeaders: clientHeaders(request) });
      const links = this.links.of(request, record.id);
      this.host.httpAdapter.setHeader(response, 'Location', links.statusUrl);
      return { ...this.views.recordFor(record, principal), ...links };
    } catch (error) {
      throw inRequest(error, idempotencyKey !== undefined);
    }
  }
}
