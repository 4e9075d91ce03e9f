import { createHash } from 'node:crypto';
import { Headers, Inject, Param, Req, Sse, UseFilters, type MessageEvent } from '@nestjs/common';
import { Observable } from 'rxjs';
import type { TaskRecord } from '../submission/task-view.js';
import { TaskService } from '../submission/task.service.js';
import { Needs, type HttpRequest } from './access.guard.js';
import { HttpErrorFilter } from './error.filter.js';
import { scopeOf, type Principal } from './principal.js';
import { viewFor } from './task-visibility.js';

/** Proxies close a connection on which nothing moves; browsers ignore an event that nobody listens to. */
const KEEP_ALIVE_MS = 15_000;

/** A task live, by server-sent events. `TasksHttpModule` mounts it. */
@UseFilters(HttpErrorFilter)
export class TaskEventsController {
  constructor(@Inject(TaskService) private readonly tasks: TaskService) {}

  /** `state` and `progress` events with the record as data; the first is the record as it is, the last the task's end. */
  @Sse(':id/events')
  @Needs('see')
  async events(
    @Param('id') id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: HttpRequest,
  ): Promise<Observable<MessageEvent>> {
    const principal = request.taskPrincipal!;
    // an unknown task is answered with 404 before the stream begins
    await this.tasks.record(id, { owner: scopeOf(principal) });
    return this.stream(id, principal, lastEventId);
  }

  private stream(
    id: string,
    principal: Principal,
    lastEventId: string | undefined,
  ): Observable<MessageEvent> {
    return new Observable((subscriber) => {
      const events = this.tasks.events(id);
      const timer = setInterval(() => subscriber.next({ type: 'ping', data: '' }), KEEP_ALIVE_MS);
      const follow = async () => {
        let before: TaskRecord | undefined;
        for await (const record of events) {
          const version = versionOf(record);
          const type = before?.state === record.state ? 'progress' : 'state';
          if (before !== undefined || version !== lastEventId)
            subscriber.next({ id: version, type, data: viewFor(record, principal) });
          before = record;
        }
      };
      follow().then(
        () => subscriber.complete(),
        (error: unknown) => subscriber.error(error),
      );
      return () => {
        clearInterval(timer);
        void events.return();
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
