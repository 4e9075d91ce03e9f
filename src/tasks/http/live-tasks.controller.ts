import { Inject, Sse, type MessageEvent } from '@nestjs/common';
import { Observable } from 'rxjs';
import { CurrentPrincipal, Needs } from './access/access.guard.js';
import { scopeOf, type Principal } from './access/principal.js';
import { LiveTasks, type LiveBatch } from './live-tasks.js';
import { RESOLVED_HTTP_OPTIONS, type ResolvedHttpOptions } from './tasks-http.options.js';

/** Many tasks live, by server-sent events. `TasksHttpModule` mounts it before the tasks' own routes. */
export class LiveTasksController {
  constructor(
    @Inject(LiveTasks) private readonly live: LiveTasks,
    @Inject(RESOLVED_HTTP_OPTIONS) private readonly options: ResolvedHttpOptions,
  ) {}

  /** `changed` events, at most four a second: `{ items, more }`. */
  @Sse('events')
  @Needs('list')
  events(@CurrentPrincipal() principal: Principal): Observable<MessageEvent> {
    const owner = scopeOf(principal);
    return new Observable((subscriber) => {
      const timer = setInterval(() => subscriber.next({ comment: 'alive' }), this.options.keepAliveMs);
      const stop = this.live.listen(
        (batch, text) => {
          const seen = owner === undefined ? batch : scoped(batch, owner);
          if (seen.items.length > 0 || seen.more)
            subscriber.next({ type: 'changed', data: seen === batch ? text : JSON.stringify(seen) });
        },
        () => subscriber.complete(),
      );
      return () => {
        clearInterval(timer);
        stop();
      };
    });
  }
}

const scoped = ({ items, more }: LiveBatch, owner: string): LiveBatch => ({
  items: items.filter((item) => item.owner === owner),
  more,
});
