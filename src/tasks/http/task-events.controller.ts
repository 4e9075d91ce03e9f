import { createHash } from 'node:crypto';
import { Headers, Inject, Param, Res, Sse, type MessageEvent } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { EMPTY, Observable } from 'rxjs';
import { isFinal, type TaskState } from '../store/states.js';
import type { TaskRecord } from '../submission/task-view.js';
import { TaskService } from '../submission/task.service.js';
import { CurrentPrincipal, Needs } from './access/access.guard.js';
import { scopeOf, type Principal } from './access/principal.js';
import { TaskViews } from './task-views.js';
import { RESOLVED_HTTP_OPTIONS, type ResolvedHttpOptions } from './tasks-http.options.js';

/** A task live, by server-sent events. `TasksHttpModule` mounts it. */
export class TaskEventsController {
  constructor(
    @Inject(TaskService) private readonly tasks: TaskService,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(TaskViews) private readonly views: TaskViews,
    @Inject(RESOLVED_HTTP_OPTIONS) private readonly options: ResolvedHttpOptions,
  ) {}

  /** `state` and `progress` events with the record as data; the first is the record as it is, the last the task's end. */
  @Sse(':id/events')
  @Needs('see')
  async events(
    @Param('id') id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) response: unknown,
  ): Promise<Observable<MessageEvent>> {
    // an unknown task is answered with 404 before the stream begins
    const record = await this.tasks.record(id, { owner: scopeOf(principal) });
    if (!isFinal(record.state) || versionOf(record) !== lastEventId)
      return this.stream(id, principal, lastEventId);
    // it has heard the end already: 204 tells an EventSource not to come again
    this.host.httpAdapter.status(response, 204);
    return EMPTY;
  }

  private stream(
    id: string,
    principal: Principal,
    lastEventId: string | undefined,
  ): Observable<MessageEvent> {
    return new Observable((subscriber) => {
      const left = new AbortController();
      const timer = setInterval(() => subscriber.next({ comment: 'alive' }), this.options.keepAliveMs);
      const follow = async () => {
        let heard = lastEventId;
        let state: TaskState | undefined;
        for await (const record of this.tasks.events(id, { signal: left.signal })) {
          const version = versionOf(record);
          const type = record.state === state ? 'progress' : 'state';
          if (version !== heard)
            subscriber.next({ id: version, type, data: this.views.recordFor(record, principal) });
          heard = version;
          state = record.state;
        }
      };
      follow().then(
        () => subscriber.complete(),
        (error: unknown) => subscriber.error(error),
      );
      return () => {
        clearInterval(timer);
        left.abort();
      };
    });
  }
}

/** Changes with everything that an event may tell of. */
function versionOf({ state, attempt, progress }: TaskRecord): string {
  return createHash('sha1')
    .update(JSON.stringify([state, attempt, progress]))
    .digest('base64url')
    .slice(0, 12);
}
