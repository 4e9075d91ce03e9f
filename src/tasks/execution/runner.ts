import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import { TaskContext } from '../definition/task-context.js';
import type { TaskDefinition } from '../definition/task-definition.js';
import type { TaskRegistry } from '../definition/task-registry.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import { failure, returned, threw, unknownHere, type Outcome } from './outcome.js';
import type { TaskPipeline } from './pipeline.js';
import type { RunningTask } from './running-task.js';

const storage = new AsyncLocalStorage<TaskContext>();
TaskContext.useStore(storage);

/** From a claimed row to its outcome. Never throws. */
export class TaskRunner {
  private readonly logger = new Logger('Tasks');

  constructor(
    private readonly registry: TaskRegistry,
    private readonly pipeline: TaskPipeline,
  ) {}

  async run(running: RunningTask): Promise<Outcome> {
    const { task } = running;
    const definition = this.registry.find(task.name);
    if (!definition) {
      this.logger.warn(
        `this worker has no task '${task.name}': put ${task.id} back for a worker that has it`,
      );
      return unknownHere();
    }
    const args = parseArgs(task);
    if (args instanceof Error) return failure(args);
    return this.execute(definition, args, running);
  }

  private async execute(definition: TaskDefinition, args: unknown[], running: RunningTask): Promise<Outcome> {
    running.limit(running.task.options?.softTimeLimitMs ?? definition.softTimeLimitMs);
    try {
      return returned(await storage.run(running, () => this.pipeline.invoke(definition, args, running)));
    } catch (error) {
      return threw(error, running.task, definition, running.aborted);
    } finally {
      running.ended();
    }
  }
}

function parseArgs(task: ClaimedTask): unknown[] | Error {
  try {
    const args: unknown = JSON.parse(task.args);
    if (Array.isArray(args)) return args;
  } catch {
    // said below
  }
  return new Error('its arguments are not a JSON array: the row was changed by hand, or its payload is gone');
}
