import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { Schedule, Task, TaskContext, Worker } from '../../tasks/index.js';
import { DEMO_OPTIONS, type DemoOptions } from './demo.options.js';

/** Tasks to play with, and to test faults with: each does one thing that a queue must cope with. */
@Injectable()
export class DemoTasks {
  constructor(
    @Inject(DEMO_OPTIONS) private readonly options: DemoOptions,
    private readonly worker: Worker,
  ) {}

  /** The schedule is paused: resume it, run it now, or change its time. */
  @Schedule({
    name: 'demo.hello',
    crontab: '*/5 8-17 * * MON-FRI',
    args: ['hello'],
    enabled: false,
    description: 'every five minutes of working hours, once it is resumed',
  })
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
    ctx.logger.log(`${steps} steps of ${msPerStep} ms`);
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

  /** Keeps a processor busy: hashes so many times, and returns the last hash. */
  @Task({ http: true })
  hash(rounds: number): string {
    return hashed(rounds);
  }

  /** The same in a process of its own. */
  @Task({ http: true, isolate: 'process' })
  hashInProcess(rounds: number, ctx: TaskContext): Promise<string> {
    return hashedInSteps(rounds, ctx);
  }

  /** The same in a thread. */
  @Task({ http: true, isolate: 'thread' })
  hashInThread(rounds: number, ctx: TaskContext): Promise<string> {
    return hashedInSteps(rounds, ctx);
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

const STEPS = 10;

/** Says how far it is, and looks at its signal, now and then. */
async function hashedInSteps(rounds: number, ctx: TaskContext): Promise<string> {
  let hash = '';
  for (let step = 1; step <= STEPS; step++) {
    hash = hashed(Math.ceil(rounds / STEPS), hash);
    await ctx.progress(step, STEPS);
    await nextTurn();
    ctx.signal.throwIfAborted();
  }
  return hash;
}

function hashed(rounds: number, start = ''): string {
  let hash = start;
  for (let round = 0; round < rounds; round++) hash = createHash('sha256').update(hash).digest('hex');
  return hash;
}
