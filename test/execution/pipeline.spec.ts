import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Inject,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import { IsInt } from 'class-validator';
import { map, of, type Observable } from 'rxjs';
import { Task, TaskContext, TaskFailedError, TASK_CONTEXT_TYPE } from '#dist/tasks/index.js';
import { createApplication, type TestApplication } from '../support/application.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

const seen: string[] = [];

@Injectable()
class OwnerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const task = context.getArgs<unknown[]>().at(-1) as TaskContext;
    seen.push(`guard ${context.getType()} ${context.getHandler().name} ${task.name}`);
    return task.owner === 'ann';
  }
}
@Injectable()
class Doubling implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value: number) => value * 2));
  }
}
@Catch()
class Swallowing implements ExceptionFilter {
  async catch(): Promise<string> {
    seen.push('filter');
    return 'all is well';
  }
}
@Catch()
class Translating implements ExceptionFilter {
  catch(error: Error): never {
    throw new TypeError(`translated: ${error.message}`);
  }
}
class Point {
  @IsInt() x!: number;
  @IsInt() y!: number;
}
@Injectable({ scope: Scope.REQUEST })
class PerTask {
  static made = 0;
  readonly number = ++PerTask.made;
  constructor(@Inject(REQUEST) readonly request: TaskContext) {}
}
@Injectable()
class GlobalGuard implements CanActivate {
  static calls = 0;
  canActivate(): boolean {
    GlobalGuard.calls++;
    return true;
  }
}

@Injectable()
class PipelineTasks {
  @Task()
  @UseGuards(OwnerGuard)
  guarded(): string {
    return 'let in';
  }
  @Task()
  @UseInterceptors(Doubling)
  doubled(x: number): number {
    return x;
  }
  @Task()
  @UsePipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }))
  validated(point: Point, ctx: TaskContext): unknown[] {
    return [point instanceof Point, point.x + point.y, ctx.name];
  }
  @Task()
  @UseFilters(Swallowing)
  swallowed(): void {
    throw new Error('boom');
  }
  @Task()
  @UseFilters(Translating)
  translated(): void {
    throw new Error('boom');
  }
  @Task()
  observable(): Observable<number> {
    return of(1, 2, 3);
  }
  @Task()
  optional(x: number, y = 10, ctx?: TaskContext): unknown[] {
    return [x, y, ctx?.attempt];
  }
  @Task()
  rest(...xs: number[]): number {
    return xs.length;
  }
  @Task()
  below(): string | undefined {
    return TaskContext.current()?.id;
  }
}
@Injectable()
class ScopedTasks {
  constructor(private readonly own: PerTask) {}

  @Task()
  scoped(): [number, string] {
    return [this.own.number, this.own.request.id];
  }
}

describe('a handler runs through Nest’s own pipeline', () => {
  let database: TestDatabase;
  let application: TestApplication;
  const run = async (name: string, args: unknown[] = [], options = {}) => {
    const handle = await application.tasks.submit(`pipeline.${name}`, args, options);
    return handle.get({ timeout: '60s' });
  };
  const failure = async (name: string, args: unknown[] = [], options = {}) => {
    const error = await run(name, args, options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TaskFailedError);
    return (error as TaskFailedError).error;
  };

  beforeAll(async () => {
    database = await createDatabase();
    application = await createApplication(database.url, {
      providers: [PipelineTasks, ScopedTasks, PerTask, { provide: APP_GUARD, useClass: GlobalGuard }],
    });
    await application.startWorker();
  });
  afterAll(async () => {
    await application.close();
    await database.drop();
  });

  it('guards decide, with the context as the last argument and the type "task"', async () => {
    expect(await run('guarded', [], { owner: 'ann' })).toBe('let in');
    expect(seen).toContain(`guard ${TASK_CONTEXT_TYPE} guarded pipeline.guarded`);
    expect(await failure('guarded', [], { owner: 'bob' })).toMatchObject({ name: 'ForbiddenException' });
  });

  it('interceptors change the result', async () => {
    expect(await run('doubled', [21])).toBe(42);
  });

  it('pipes transform and refuse arguments, and leave the context alone', async () => {
    expect(await run('validated', [{ x: 1, y: 2 }])).toEqual([true, 3, 'pipeline.validated']);
    await expect(run('validated', [{ x: 'one', y: 2 }])).rejects.toThrow('x must be an integer');
    expect(await failure('validated', [{ x: 1, y: 2, z: 3 }])).toMatchObject({
      message: expect.stringContaining('z should not exist'),
    });
  });

  it('a filter sees a failure and may translate it, but never makes a success of it', async () => {
    expect(await failure('swallowed')).toMatchObject({ message: 'boom' });
    expect(seen).toContain('filter');
    expect(await failure('translated')).toMatchObject({ name: 'TypeError', message: 'translated: boom' });
  });

  it('an observable’s last value is the result', async () => {
    expect(await run('observable')).toBe(3);
  });

  it('parameters left out take their defaults, and the context still arrives', async () => {
    expect(await run('optional', [1])).toEqual([1, 10, 1]);
    expect(await run('optional', [1, 2])).toEqual([1, 2, 1]);
    expect(await run('rest')).toBe(0);
    expect(await run('rest', [1, 2, 3])).toBe(3);
  });

  it('the context is found anywhere below', async () => {
    const handle = await application.tasks.submit('pipeline.below');
    expect(await handle.get({ timeout: '60s' })).toBe(handle.id);
    expect(TaskContext.current()).toBeUndefined();
  });

  it('request-scoped providers are made for each task, with its context as their request', async () => {
    const one = await application.tasks.submit<[number, string]>('scoped.scoped');
    const two = await application.tasks.submit<[number, string]>('scoped.scoped');
    const [first, second] = await Promise.all([one, two].map((handle) => handle.get({ timeout: '60s' })));
    expect(first![1]).toBe(one.id);
    expect(second![1]).toBe(two.id);
    expect(first![0]).not.toBe(second![0]);
  });

  it('global enhancers act on tasks only when asked to', async () => {
    await run('doubled', [1]);
    expect(GlobalGuard.calls).toBe(0);
    const other = await createApplication(
      database.url,
      { providers: [PipelineTasks, { provide: APP_GUARD, useClass: GlobalGuard }] },
      { globalEnhancers: true, schema: 'globals' },
    );
    await other.startWorker();
    const handle = await other.tasks.submit('pipeline.doubled', [1]);
    expect(await handle.get({ timeout: '60s' })).toBe(2);
    expect(GlobalGuard.calls).toBe(1);
    await other.close();
  });
});
