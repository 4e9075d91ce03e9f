import type { TaskContext } from '../definition/task-context.js';
import type { TaskDefinition } from '../definition/task-definition.js';
import { TaskPipeline } from '../execution/pipeline.js';

export type Handler = (...args: never[]) => unknown;

/** The pipeline, with handlers that stand in for those of the application. */
export class TestPipeline extends TaskPipeline {
  /** By the tasks' names. */
  readonly overrides = new Map<string, Handler>();

  override invoke(
    definition: TaskDefinition,
    args: readonly unknown[],
    context: TaskContext,
  ): Promise<unknown> {
    const override = this.overrides.get(definition.name) as ((...args: unknown[]) => unknown) | undefined;
    return override
      ? Promise.resolve().then(() => override(...args, context))
      : super.invoke(definition, args, context);
  }
}
