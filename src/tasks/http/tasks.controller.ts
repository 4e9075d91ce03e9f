import { Body, Get, Headers, HttpCode, Param, Post, Query, Req, Res, UseFilters } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { isTaskName } from '../definition/task-name.js';
import { TaskRegistry } from '../definition/task-registry.js';
import { toMilliseconds } from '../duration.js';
import { InvalidOptionError, UnknownTaskError } from '../errors.js';
import type { TaskRecord } from '../submission/task-view.js';
import { TaskService } from '../submission/task.service.js';
import { HttpErrorFilter } from './error.filter.js';
import { parseSubmitRequest } from './submit-request.js';

/** The longest that `?wait=` may hold a request. */
const MAX_WAIT_MS = 60_000;

interface RawRequest {
  originalUrl?: string;
  url: string;
  raw?: RawRequest;
  on(event: 'close', listener: () => void): unknown;
}

/** Submit and ask. `TasksHttpModule` mounts it under the path of its options. */
@UseFilters(HttpErrorFilter)
export class TasksController {
  constructor(
    private readonly tasks: TaskService,
    private readonly registry: TaskRegistry,
    private readonly host: HttpAdapterHost,
  ) {}

  @Post(':name')
  @HttpCode(202)
  async submit(
    @Param('name') name: string,
    @Body() body: unknown,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Req() request: RawRequest,
    @Res({ passthrough: true }) response: unknown,
  ): Promise<TaskRecord & { statusUrl: string }> {
    if (!isTaskName(name))
      throw new InvalidOptionError('name', 'the name of a task', name, 'INVALID_TASK_NAME');
    // a task that is not exposed is answered like one that does not exist
    if (this.registry.find(name)?.http !== true) throw new UnknownTaskError(name);
    const { args, options } = parseSubmitRequest(body, idempotencyKey);
    const { id } = await this.tasks.submit(name, args, options);
    const statusUrl = `${baseOf(request, name)}/${id}`;
    this.host.httpAdapter.setHeader(response, 'Location', statusUrl);
    return { ...(await this.tasks.record(id)), statusUrl };
  }

  @Get(':id')
  async status(
    @Param('id') id: string,
    @Query('wait') wait: unknown,
    @Req() request: RawRequest,
  ): Promise<TaskRecord> {
    if (wait === undefined) return this.tasks.record(id);
    const left = new AbortController();
    (request.raw ?? request).on('close', () => left.abort());
    return this.tasks.waitFor(id, parseWait(wait), left.signal);
  }
}

function parseWait(wait: unknown): number {
  if (typeof wait !== 'string')
    throw new InvalidOptionError('wait', "one duration such as '20s'", wait, 'INVALID_DELAY');
  return Math.min(
    MAX_WAIT_MS,
    toMilliseconds(/^\d+$/.test(wait) ? Number(wait) : wait, 'wait', 'INVALID_DELAY'),
  );
}

/** The path under which the request came in, prefix included, without the task's name. */
function baseOf(request: RawRequest, name: string): string {
  const path = (request.originalUrl ?? request.url).split('?')[0]!;
  return path.slice(0, path.length - encodeURIComponent(name).length - 1);
}
