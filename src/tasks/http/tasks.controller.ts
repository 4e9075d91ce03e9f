import {
  Body,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  Req,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { isTaskName } from '../definition/task-name.js';
import { TaskRegistry } from '../definition/task-registry.js';
import type { TaskDefinition } from '../definition/task-definition.js';
import { toMilliseconds } from '../duration.js';
import { InvalidOptionError, SubmissionUncertainError, UnknownTaskError } from '../errors.js';
import type { SubmitOptions } from '../submission/submit-options.js';
import type { HistoryEntry } from '../submission/task-history.js';
import type { TaskRecord } from '../submission/task-view.js';
import { TaskService } from '../submission/task.service.js';
import { Needs, type HttpRequest } from './access.guard.js';
import { checkArguments } from '../definition/validation/check-arguments.js';
import { HttpErrorFilter } from './error.filter.js';
import { JsonBodyGuard } from './json-body.guard.js';
import { parseListQuery } from './list-query.js';
import { scopeOf } from './principal.js';
import { parseBulkRequest, parseSubmitRequest } from './submit-request.js';
import { TaskLinks, type LinkedRequest } from './task-links.js';
import { viewFor } from './task-visibility.js';

/** The longest that `?wait=` may hold a request. */
const MAX_WAIT_MS = 60_000;

interface Request extends HttpRequest, LinkedRequest {
  readonly raw?: { on(event: 'close', listener: () => void): unknown };
  on?(event: 'close', listener: () => void): unknown;
}

/** A submitted task, with where to ask about it. */
export type SubmittedTask = TaskRecord & { statusUrl: string; eventsUrl: string };

/** Submit, ask, operate. `TasksHttpModule` mounts it under the path of its options. */
@UseFilters(HttpErrorFilter)
export class TasksController {
  constructor(
    @Inject(TaskService) private readonly tasks: TaskService,
    @Inject(TaskRegistry) private readonly registry: TaskRegistry,
    @Inject(TaskLinks) private readonly links: TaskLinks,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  @Post('bulk')
  @HttpCode(202)
  @Needs('submit')
  @UseGuards(JsonBodyGuard)
  async submitMany(@Body() body: unknown, @Req() request: Request): Promise<{ ids: string[] }> {
    const { tasks } = parseBulkRequest(body);
    for (const [i, { name, args }] of tasks.entries())
      await checkArguments(this.exposed(name), args).catch((error: unknown) => {
        throw at(`tasks[${i}].`, error);
      });
    for (const [i, { options }] of tasks.entries())
      await this.checkQueue(options.queue, `tasks[${i}].options.queue`);
    const owner = this.ownerOf(request);
    const handles = await this.tasks.submitMany(
      tasks.map((task) => ({ ...task, options: { ...task.options, ...owner } })),
    );
    return { ids: handles.map((handle) => handle.id) };
  }

  @Post(':name')
  @HttpCode(202)
  @Needs('submit')
  @UseGuards(JsonBodyGuard)
  async submit(
    @Param('name') name: string,
    @Body() body: unknown,
    @Headers('idempotency-key') idempotencyKey: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: unknown,
  ): Promise<SubmittedTask> {
    const definition = this.exposed(name);
    const { args, options } = parseSubmitRequest(body, idempotencyKey);
    await checkArguments(definition, args);
    await this.checkQueue(options.queue, 'options.queue');
    const { id } = await this.tasks.submit(name, args, { ...options, ...this.ownerOf(request) });
    const links = this.links.of(request, id);
    this.host.httpAdapter.setHeader(response, 'Location', links.statusUrl);
    // it was accepted: an answer without its id would make the client submit it again
    const record = await this.tasks.record(id).catch((cause: unknown) => {
      throw new SubmissionUncertainError(id, { cause });
    });
    return { ...this.shown(record, request), ...links };
  }

  @Get()
  @Needs('list')
  async list(
    @Query() query: Record<string, unknown>,
    @Req() request: Request,
  ): Promise<{ items: TaskRecord[]; nextCursor: string | null }> {
    const { filter, page } = parseListQuery(query);
    const { items, nextCursor } = await this.tasks.list(
      { ...filter, owner: scopeOf(request.taskPrincipal!) },
      page,
    );
    return { items: items.map((item) => this.shown(item, request)), nextCursor };
  }

  @Get(':id')
  @Needs('see')
  async status(
    @Param('id') id: string,
    @Query('wait') wait: unknown,
    @Req() request: Request,
  ): Promise<TaskRecord> {
    const timeoutMs = wait === undefined ? undefined : parseWait(wait);
    const record = await this.visible(id, request);
    if (timeoutMs === undefined) return this.shown(record, request);
    const left = new AbortController();
    const onClose = () => left.abort();
    (request.raw ?? (request as Required<Request>)).on('close', onClose);
    return this.shown(await this.tasks.waitFor(id, timeoutMs, left.signal), request);
  }

  @Get(':id/history')
  @Needs('see')
  async history(@Param('id') id: string, @Req() request: Request): Promise<{ items: HistoryEntry[] }> {
    await this.visible(id, request);
    const items = await this.tasks.history(id);
    if (request.taskPrincipal!.role !== 'submit') return { items };
    return {
      items: items.map((entry) => ({ ...entry, error: entry.error && { ...entry.error, stack: undefined } })),
    };
  }

  @Post(':id/revoke')
  @HttpCode(200)
  @Needs('revoke')
  async revoke(@Param('id') id: string, @Body() body: unknown, @Req() request: Request): Promise<TaskRecord> {
    const { terminate } = parseRevoke(body);
    await this.visible(id, request);
    return this.shown(await this.tasks.revoke(id, { terminate, by: byOf(request) }), request);
  }

  @Post(':id/retry')
  @HttpCode(200)
  @Needs('administer')
  async retry(@Param('id') id: string, @Req() request: Request): Promise<TaskRecord> {
    return this.tasks.retry(id, { by: byOf(request) });
  }

  @Delete(':id')
  @HttpCode(200)
  @Needs('administer')
  async forget(@Param('id') id: string, @Req() request: Request): Promise<TaskRecord> {
    const record = await this.tasks.record(id);
    await this.tasks.forget(id, { by: byOf(request) });
    return record;
  }

  /** A task that is not exposed is answered like one that does not exist. */
  private exposed(name: string): TaskDefinition {
    if (!isTaskName(name))
      throw new InvalidOptionError('name', 'the name of a task', 'something else', 'INVALID_TASK_NAME');
    const definition = this.registry.find(name);
    if (definition?.http !== true) throw new UnknownTaskError(name);
    return definition;
  }

  /** A request makes no queues: a typing error would wait for ever. */
  private async checkQueue(queue: unknown, path: string): Promise<void> {
    if (typeof queue === 'string' && !(await this.tasks.knowsQueue(queue)))
      throw new InvalidOptionError(path, 'a queue that is known here', 'another one', 'UNKNOWN_QUEUE');
  }

  /** Another owner's task is answered like one that does not exist. */
  private visible(id: string, request: Request): Promise<TaskRecord> {
    return this.tasks.record(id, { owner: scopeOf(request.taskPrincipal!) });
  }

  private shown(record: TaskRecord, request: Request): TaskRecord {
    return viewFor(record, request.taskPrincipal!);
  }

  private ownerOf(request: Request): Pick<SubmitOptions, 'owner'> {
    return { owner: request.taskPrincipal!.owner ?? undefined };
  }
}

const byOf = ({ taskPrincipal }: Request) => taskPrincipal?.owner ?? taskPrincipal?.role ?? 'unknown';

function parseWait(wait: unknown): number {
  if (typeof wait !== 'string')
    throw new InvalidOptionError('wait', "one duration such as '20s'", wait, 'INVALID_DELAY');
  return Math.min(
    MAX_WAIT_MS,
    toMilliseconds(/^\d+$/.test(wait) ? Number(wait) : wait, 'wait', 'INVALID_DELAY'),
  );
}

function parseRevoke(body: unknown): { terminate: boolean } {
  if (body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0))
    return { terminate: false };
  const { terminate = false, ...others }: Record<string, unknown> =
    typeof body === 'object' && !Array.isArray(body) ? { ...body } : { body };
  if (Object.keys(others).length > 0)
    throw new InvalidOptionError('body', 'only terminate', 'another property', 'UNKNOWN_PROPERTY');
  if (typeof terminate !== 'boolean')
    throw new InvalidOptionError('terminate', 'true or false', terminate, 'ARG_TYPE');
  return { terminate };
}

function at(prefix: string, error: unknown): unknown {
  if (error instanceof Error && 'path' in error)
    Object.assign(error, { path: `${prefix}${String(error.path)}` });
  return error;
}
