import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import { effectiveSettings } from '../definition/effective-settings.js';
import { matchesAny } from '../definition/retry-policy.js';
import { TaskContext } from '../definition/task-context.js';
import type { TaskDefinition } from '../definition/task-definition.js';
import type { TaskRegistry } from '../definition/task-registry.js';
import type { TaskSettings } from '../definition/task-settings.js';
import { TimeLimitExceededError } from '../errors.js';
import type { ContextOptions } from '../tasks.options.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import { asKept, failure, returned, returnedFitting, threw, unknownHere, type Outcome } from './outcome.js';
import type { TaskPipeline } from './pipeline.js';
import type { RunningTask } from './running-task.js';

const storage = new AsyncLocalStorage<TaskContext>();
TaskContext.useStore(storage);

/** From a claimed row to its outcome. Never throws. */
export class TaskRunner {
  private readonly logger = new Logger('Tasks');

  constructor(
    private readonly registry: TaskRegistry,
    private readonly pipeline: Pick<TaskPipeline, 'invoke'>,
    private readonly around: ContextOptions['run'],
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

  /** Ends with the handler, or earlier when the task is written off: what the handler does then is ignored. */
  private execute(definition: TaskDefinition, args: unknown[], running: RunningTask): Promise<Outcome> {
    const settings = effectiveSettings(running.task, definition);
    const { softTimeLimitMs, timeLimitMs } = settings;
    return new Promise((resolve) => {
      running.onWriteOff = (outcome) => resolve(asKept(outcome, settings));
      if (softTimeLimitMs !== undefined || timeLimitMs !== undefined)
        running.limit(softTimeLimitMs, timeLimitMs, (limitMs) => {
          const outcome = failure(new TimeLimitExceededError(limitMs));
          this.report(running, outcome, false);
          running.writeOff(outcome);
        });
      const ended = (outcome: Outcome): void => {
        if (running.isWrittenOff)
          this.logger.warn(`${running.name} ${running.id} had been written off when its handler ended`);
        else resolve(asKept(outcome, settings));
      };
      void this.attempt(definition, args, running, settings).then(ended);
    });
  }

  private async attempt(
    definition: TaskDefinition,
    args: unknown[],
    running: RunningTask,
    settings: TaskSettings,
  ): Promise<Outcome> {
    let outcome: Outcome;
    let expected = false;
    try {
      const value = await storage.run(running, () => this.invoke(definition, args, running));
      const { resultSchema } = definition;
      outcome = resultSchema ? await returnedFitting(value, resultSchema) : returned(value);
    } catch (error) {
      outcome = threw(error, running.task, settings, running.aborted);
      expected = matchesAny(definition.throws, error);
    } finally {
      running.ended();
    }
    if (outcome.error !== null && !running.isWrittenOff) this.report(running, outcome, expected);
    return outcome;
  }

  private invoke(definition: TaskDefinition, args: unknown[], running: RunningTask): Promise<unknown> {
    const next = () => this.pipeline.invoke(definition, args, running);
    return this.around ? this.around(running, next) : next();
  }

  private report({ name, id, attempt }: RunningTask, outcome: Outcome, expected: boolean): void {
    const error = outcome.error!;
    const what = `${name} ${id}, attempt ${attempt}: ${error.name}: ${error.message}`;
    if (outcome.kind === 'defer') this.logger.log(`${what}; again in ${outcome.delayMs} ms`);
    else if (expected) this.logger.log(what);
    else this.logger.error(what, error.stack);
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
