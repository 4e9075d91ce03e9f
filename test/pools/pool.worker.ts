import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { Injectable, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Schedule, Task, TaskContext, TasksModule, TaskService } from 'celeriac';
import { runWorker, workerFlags, type AutoscaleOptions } from 'celeriac/worker';

class Temporary extends Error {}

/** What a pool must cope with. */
@Injectable()
export class PoolTasks {
  @Task()
  pid(): number {
    return process.pid;
  }

  @Task()
  async wait(ms: number, ctx: TaskContext): Promise<string> {
    await sleep(ms, undefined, { signal: ctx.signal });
    return 'waited';
  }

  /** Does not look at its signal. */
  @Task()
  async deaf(ms: number): Promise<string> {
    await sleep(ms);
    return 'slept';
  }

  @Task({ timeLimit: '400ms' })
  endless(): void {
    for (;;);
  }

  @Task({ timeLimit: '300ms', retry: { max: 1, delay: 0 } })
  endlessOnce(ctx: TaskContext): number {
    while (ctx.attempt === 1);
    return ctx.attempt;
  }

  /** Keeps so many MB. */
  @Task()
  leak(megabytes: number): number {
    kept.push(Buffer.alloc(megabytes * 1024 * 1024, 1));
    return process.pid;
  }

  @Task()
  leave(code: number): void {
    process.exit(code);
  }

  @Task()
  spin(ms: number): void {
    const end = performance.now() + ms;
    while (performance.now() < end);
  }

  @Task()
  block(): void {
    for (;;);
  }
}
const kept: Buffer[] = [];

@Injectable()
export class TickTasks {
  @Schedule({ every: '1s' })
  @Task()
  tick(): void {}
}

/** The same for what runs elsewhere, once in a process and once in a thread. */
@Injectable()
class Isolated {
  constructor(protected readonly tasks: TaskService) {}

  protected async everything(kind: string, ctx: TaskContext): Promise<unknown> {
    switch (kind) {
      case 'where':
        return { pid: process.pid, isMainThread };
      case 'progress':
        await ctx.progress(1, 2, 'half');
        return TaskContext.current()?.id === ctx.id;
      case 'retry':
        if (ctx.attempt === 1) ctx.retry({ countdown: 0 });
        return ctx.attempt;
      case 'retries':
        if (ctx.attempt === 1) throw new Temporary('not yet');
        return ctx.attempt;
      case 'reject':
        return ctx.reject('no');
      case 'snooze':
        if (ctx.attempt === 1) ctx.snooze(1);
        return ctx.attempt;
      case 'grow':
        ctx.addToGroup(this.tasks.of(PoolTasks).pid.s(), this.tasks.of(PoolTasks).deaf.s(1));
        return 'grown';
      case 'replace':
        return ctx.replace(this.tasks.of(PoolTasks).deaf.s(1));
      case 'abort':
        await sleep(60_000, undefined, { signal: ctx.signal });
        return 'never';
      case 'endless':
        for (;;);
      case 'exit':
        return process.exit(7);
      default:
        throw new TypeError(`what is ${kind}?`);
    }
  }
}

@Injectable()
export class ProcessTasks extends Isolated {
  @Task({ name: 'isolated.process', isolate: 'process', retry: { for: [Temporary], delay: 0 } })
  run(kind: string, ctx: TaskContext): Promise<unknown> {
    return this.everything(kind, ctx);
  }
}

@Injectable()
export class ThreadTasks extends Isolated {
  @Task({ name: 'isolated.thread', isolate: 'thread', retry: { for: [Temporary], delay: 0 } })
  run(kind: string, ctx: TaskContext): Promise<unknown> {
    return this.everything(kind, ctx);
  }
}

const { DATABASE_URL, PASSWORD_FILE } = process.env;
const { hostname, port, username, pathname } = new URL(DATABASE_URL!);

@Module({
  imports: [
    TypeOrmModule.forRoot(
      PASSWORD_FILE
        ? {
            type: 'postgres',
            host: hostname,
            port: Number(port),
            username,
            database: pathname.slice(1),
            password: () => readFileSync(PASSWORD_FILE, 'utf8'),
          }
        : { type: 'postgres', url: DATABASE_URL! },
    ),
    TasksModule.forRoot({ lease: process.env.LEASE ?? '30s', maxCrashes: 1 }),
  ],
  providers: [PoolTasks, ProcessTasks, ThreadTasks, ...(process.env.TICKS ? [TickTasks] : [])],
})
class PoolModule {}

if (process.env.FAIL_TO_START && process.send) throw new Error('cannot start');
if (process.env.STARTS) appendFileSync(process.env.STARTS, `${process.pid}\n`);
await runWorker(
  PoolModule,
  workerFlags({
    nest: { logger: ['warn', 'error', 'log'], abortOnError: false },
    ...(process.env.AUTOSCALE && { autoscale: JSON.parse(process.env.AUTOSCALE) as AutoscaleOptions }),
  }),
);
