import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { Task, TaskContext, Worker } from '../../tasks/index.js';
import { DEMO_OPTIONS, type DemoOptions } from './demo.options.js';

/** Tasks to play with, and to test faults with: each does one thing that a queue must cope with. */
@Injectable()
export class DemoTasks {
  constructor(
    @Inject(DEMO_OPTIONS) private readonly options: DemoOptions,
    private readonly worker: Worker,
  ) {}

  @Task({ http: true })
  echo(value: unknown): unknown {
    return value;
  }

  /** Sleeps, and stops sleeping when it is aborted. */
  @Task({ http: true })
  async sleep(ms: number, ctx: TaskContext): Promise<number> {
    await sleep(ms, undefined, { signal: ctx.signal });
    return ms;
  }

  @Task({ http: true })
  async progress(steps: number, msPerStep: number, ctx: TaskContext): Promise<number> {
    for (let step = 1; step <= steps; step++) {
      await sleep(msPerStep, undefined, { signal: ctx.signal });
      await ctx.progress(step, steps, `step ${step} of ${steps}`);
    }
    return steps;
  }

  @Task({ http: true })
  fail(message: string): never {
    throw new Error(message);
  }

  /** Fails so many attempts, then returns the number of the attempt that went well. */
  @Task({ http: true, retry: { max: null, delay: 0 } })
  flaky(failures: number, ctx: TaskContext): number {
    if (ctx.attempt <= failures) throw new Error(`attempt ${ctx.attempt} of ${failures} that fail`);
    return ctx.attempt;
  }

  /** Blocks the event loop: nothing else happens in this process meanwhile. */
  @Task({ http: true })
  spin(ms: number): number {
    const end = performance.now() + ms;
    while (performance.now() < end);
    return ms;
  }

  /** Kills its own process, without a word, as a segmentation fault or the kernel's out-of-memory killer would. */
  @Task({ http: true })
  crash(): never {
    if (this.worker.isInline)
      throw new Error('demo.crash would kill the application itself: start a worker process for it');
    process.kill(process.pid, 'SIGKILL');
    throw new Error('still alive');
  }

  /** Sleeps, then appends the line to the ledger, for good: the ledger counts executions. */
  @Task({ http: true })
  async append(line: string, ms: number): Promise<string> {
    if (!this.options.ledger)
      throw new Error('DEMO_LEDGER is not set: start the worker with a file to append to');
    await sleep(ms);
    const file = await open(this.options.ledger, 'a');
    try {
      await file.write(`${line}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    return line;
  }
}
