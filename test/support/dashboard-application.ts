import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { DemoTasksModule } from '#dist/jobs/demo/demo-tasks.module.js';
import { TasksDashboardModule, type TasksDashboardOptions } from '#dist/tasks/dashboard/index.js';
import { Task, TaskContext, TaskService, type TaskLogger } from '#dist/tasks/index.js';
import {
  createHttpApplication,
  type Adapter,
  type HttpApplication,
  type HttpApplicationOptions,
} from './http-application.js';

/** Tasks to look at. */
@Injectable()
export class ShopTasks {
  private broken = true;
  private go: (() => void) | undefined;
  private logger: TaskLogger | undefined;

  constructor(@Inject(TaskService) private readonly tasks: TaskService) {}

  /** Fails until {@link mend} was called. */
  @Task({ http: true })
  charge(customer: string): string {
    if (this.broken) throw new TypeError(`the bank refused customer ${customer}`);
    return `charged ${customer}`;
  }

  @Task({ http: true, retry: { max: 1, delay: 0 } })
  import(payload: { user: string; password: string }, ctx: TaskContext): string {
    if (ctx.attempt === 1) throw new Error('the first try never works');
    ctx.logger.log(`imported from ftp://${payload.user}:${payload.password}@files`);
    ctx.logger.warn('one line was skipped');
    return 'imported <b>all</b>';
  }

  /** Reports, and goes on when {@link finish} is called. */
  @Task({ http: true })
  async pack(ctx: TaskContext): Promise<void> {
    this.logger = ctx.logger;
    await ctx.progress(1, 4, 'one of four boxes');
    await new Promise<void>((resolve) => {
      this.go = resolve;
      ctx.signal.addEventListener('abort', () => resolve());
    });
  }

  @Task({ http: true })
  async parent(): Promise<void> {
    await this.tasks.submit('shop.add', [1, 2]);
  }

  @Task({
    http: true,
    args: [
      z.object({
        amount: z.number().int().describe('In cents'),
        currency: z.enum(['EUR', 'USD']),
        gift: z.boolean().optional(),
      }),
    ],
  })
  order(order: { amount: number }): number {
    return order.amount;
  }

  @Task()
  chat(lines: number, ctx: TaskContext): void {
    for (let i = 0; i < lines; i++) ctx.logger.debug(`line ${i}`);
  }

  @Task({ http: true })
  add(x: number, y: number): number {
    return x + y;
  }

  /** How many there are. */
  @Task({ http: true })
  count(given: unknown): number {
    return [given].flat().length;
  }

  mend(mended = true): void {
    this.broken = !mended;
  }

  /** As the task that packs. */
  say(line: string): void {
    this.logger?.log(line);
  }

  finish(): void {
    this.go?.();
  }
}

/** An application with the dashboard. Its page must have been built: `npm run build`. */
export function createDashboardApplication(
  adapter: Adapter,
  databaseUrl: string,
  options: HttpApplicationOptions & { dashboard?: TasksDashboardOptions } = {},
): Promise<HttpApplication> {
  return createHttpApplication(
    adapter,
    databaseUrl,
    {
      imports: [TasksDashboardModule.forRoot(options.dashboard), DemoTasksModule.forRoot({})],
      providers: [ShopTasks],
    },
    // the isolated demonstration tasks are not run here
    {
      ...options,
      tasks: { workerEntry: new URL('../../dist/worker.js', import.meta.url), ...options.tasks },
    },
  );
}
