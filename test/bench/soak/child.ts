import { setTimeout as sleep } from 'node:timers/promises';
import { ConsoleLogger, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Task, TaskContext, TasksModule, TaskService, Worker, chord, group } from '#dist/tasks/index.js';

/**
 * A process of the soak: `producer` submits RATE tasks a second, of which one in a hundred fails, one logs, one is large,
 * and once a second a chord; `worker` runs them.
 */
const [role = '', url = '', rate = '0', keep = ''] = process.argv.slice(2);
const TICK_MS = 20;
/** What may wait for its commit; beyond, the producer falls behind, which the summary shows. */
const IN_FLIGHT = 3000;
const LARGE = 'x'.repeat(5000);

@Injectable()
class SoakTasks {
  @Task({ name: 'soak.add' })
  add(x: number, y: number): number {
    return x + y;
  }

  @Task({ name: 'soak.fail', retry: { max: 1, delay: '1s' } })
  fail(order: number): void {
    throw new Error(`order ${order} is refused`);
  }

  @Task({ name: 'soak.log' })
  log(text: string, ctx: TaskContext): number {
    ctx.logger.log(text);
    return text.length;
  }

  @Task({ name: 'soak.take' })
  take(text: string): number {
    return text.length;
  }

  @Task({ name: 'soak.sum' })
  sum(values: number[]): number {
    return values.reduce((all, value) => all + value, 0);
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url }),
    TasksModule.forRoot({ retention: { success: keep, failure: keep, revoked: keep, logs: keep } }),
  ],
  providers: [SoakTasks],
})
class SoakModule {}

/** Without the errors that are part of the load. */
class SoakLogger extends ConsoleLogger {
  override error(message: unknown, ...rest: unknown[]): void {
    if (!String(message).startsWith('soak.fail')) super.error(message, ...rest);
  }
}

const app = await NestFactory.createApplicationContext(SoakModule, {
  logger: new SoakLogger({ logLevels: ['warn'] }),
});
const tasks = app.get(TaskService);
let submitted = 0;
const stopping = new AbortController();
let producing: Promise<void> | undefined;

if (role === 'producer') producing = produce(Number(rate));
else await app.get(Worker).start({ concurrency: 100 });

process.on('message', (order) => {
  if (order === 'sample') {
    const { rss, heapUsed } = process.memoryUsage();
    process.send!({ rss, heap: heapUsed, submitted });
  }
  if (order === 'stop') void stop();
});
process.send!('ready');

async function produce(perSecond: number): Promise<void> {
  const { add, fail, log, take, sum } = tasks.of(SoakTasks);
  const waiting = new Set<Promise<unknown>>();
  let begun = performance.now();
  let due = 0;
  let count = 0;
  const send = (promise: Promise<unknown>) => {
    const done = promise
      .then(
        () => submitted++,
        (error: unknown) => console.error(error),
      )
      .finally(() => waiting.delete(done));
    waiting.add(done);
  };
  while (!stopping.signal.aborted) {
    due += ((performance.now() - begun) / 1000) * perSecond;
    begun = performance.now();
    for (; due >= 1 && waiting.size < IN_FLIGHT; due--) {
      count++;
      const kind = count % 100;
      if (kind === 1) send(fail.delay(count));
      else if (kind === 2) send(log.delay(`order ${count}`));
      else if (kind === 3) send(take.delay(LARGE));
      else send(add.delay(count, 1));
      if (count % perSecond === 0)
        send(chord(group([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((x) => add.s(x, 1))), sum.s()).delay());
    }
    await sleep(TICK_MS);
  }
  await Promise.all(waiting);
}

async function stop(): Promise<void> {
  stopping.abort();
  await producing;
  await app.get(Worker).stop(5000);
  await app.close();
  process.exit(0);
}
