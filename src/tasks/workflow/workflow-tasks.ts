import { Injectable } from '@nestjs/common';
import { TaskContext } from '../definition/task-context.js';
import { TaskRegistry } from '../definition/task-registry.js';
import { Task } from '../definition/task.decorator.js';
import { TaskPipeline } from '../execution/pipeline.js';
import { COLLECT } from './compile.js';
import { STARMAP } from './map-signature.js';
import { WAIT } from './wait-for-signal.js';

/** The library's own tasks: what workflows need between those of the application. */
@Injectable()
export class WorkflowTasks {
  constructor(
    private readonly registry: TaskRegistry,
    private readonly pipeline: TaskPipeline,
  ) {}

  /** The results of many, as one. */
  @Task({ name: COLLECT })
  collect(results: unknown): unknown {
    return results;
  }

  @Task({ name: WAIT })
  wait(signal: string, timeoutMs: number | null, ctx: TaskContext): Promise<unknown> {
    return ctx.waitFor(signal, timeoutMs === null ? {} : { timeout: timeoutMs });
  }

  /** Runs a task for every item. Progress is told item by item; a revocation stops it between two. */
  @Task({ name: STARMAP })
  async starmap(name: string, items: readonly (readonly unknown[])[], ctx: TaskContext): Promise<unknown[]> {
    const definition = this.registry.get(name);
    const results: unknown[] = [];
    for (const args of items) {
      ctx.signal.throwIfAborted();
      results.push(await this.pipeline.invoke(definition, args, ctx));
      await ctx.progress(results.length, items.length);
    }
    return results;
  }
}
