import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import { effectiveSettings } from '../definition/effective-settings.js';
import { matchesAny } from '../definition/retry-policy.js';
import { TaskContext } from '../definition/task-context.js';
import type { TaskDefinition } from '../definition/task-definition.js';
import type { TaskOverrides } from '../definition/task-overrides.js';
import type { TaskRegistry } from '../definition/task-registry.js';
import type { TaskSettings } from '../definition/task-settings.js';
import type { ContextOptions } from '../tasks.options.js';
import { FED } from '../store/columns.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import {
  asKept,
  failure,
  returned,
  returnedFitting,
  threw,
  timedOut,
  unknownHere,
  type Outcome,
} from './outcome.js';
import type { Inputs } from './inputs.js';
import type { Tracing } from '../observability/tracing/tracing.js';
import type { TaskPipeline } from './pipeline.js';
import type { IsolateKind } from './pools/isolate.js';
import { IsolatedRun, type IsolatedPool } from './pools/isolated-pool.js';
import type { RunningTask } from './running-task.js';

const storage = new AsyncLocalStorage<TaskContext>();
TaskContext.useStore(storage);

/** Who sees to hard limits from outside of this event loop. */
export interface Overseer {
  /** A handler begins; without a limit it may block the loop for as long as it likes. */
  begun(limited: LimitedRun | undefined): void;
  /** It has returned or thrown, in time or not. @param task when it had a limit */
  ended(task: ClaimedTask | undefined): void;
}

export interface LimitedRun {
  readonly task: ClaimedTask;
  readonly limitMs: number;
  /** What becomes of it when it has to be ended for its limit. */
  readonly outcome: () => Outcome;
}

export interface TaskRunnerOptions {
  /** Called around each handler. */
  readonly around?: ContextOptions['run'];
  /** What operators changed of tasks. Default: nothing. */
  readonly overrides?: TaskOverrides | undefined;
  /** Where tasks with `isolate` run. Default: here, like all the others. */
  readonly isolated?: (() => IsolatedPool) | undefined;
  readonly overseer?: Overseer | undefined;
  /** Spans around attempts. Default: none. */
  readonly tracing?: Tracing | undefined;
  /** Whether somebody else sees to the hard limits. Default false. */
  readonly withoutHardLimits?: boolean | undefined;
}

/** From a claimed row to its outcome. Never throws. */
export class TaskRunner {
  private readonly logger = new Logger('Tasks');

  constructor(
    private readonly registry: TaskRegistry,
    private readonly pipeline: Pick<TaskPipeline, 'invoke'>,
    private readonly inputs: Pick<Inputs, 'argsOf'>,
    private readonly options: TaskRunnerOptions = {},
  ) {}

  async run(running: RunningTask): Promise<Outcome> {
    const { task } = running;
    const definition = this.registry.find(task.name);
    if (!definition) {
      this.logger.warn(
        `this worker has no task '${task.name}', for no module of its application provides the class: ` +
          `put ${task.id} back for a worker that has it`,
      );
      return unknownHere();
    }
    const args = await this.inputs.argsOf(task);
    if (args instanceof Error) return failure(args);
    // what it was replaced by has ended
    if (task.options?.replaced) return returned(args[0]);
    return this.execute(definition, args, running);
  }

  /** Ends with the handler, or earlier when the task is written off: what the handler does then is ignored. */
  private execute(definition: TaskDefinition, args: unknown[], running: RunningTask): Promise<Outcome> {
    const settings = effectiveSettings(running.task, definition, this.options.overrides);
    return new Promise((resolve) => {
      running.onWriteOff = (outcome) => resolve(asKept(outcome, settings));
      const ended = (outcome: Outcome): void => {
        if (running.isWrittenOff)
          this.logger.warn(`${running.name} ${running.id} had been written off when its handler ended`);
        else resolve(asKept(outcome, settings));
      };
      const broke = (error: unknown) => ended(failure(error));
      const { isolate } = definition;
      if (isolate && this.options.isolated)
        void this.isolate(isolate, args, running, settings).then(ended, broke);
      else {
        this.limit(running, settings);
        const { tracing } = this.options;
        const attempt = () => this.attempt(definition, args, running, settings);
        void (tracing?.isOn ? tracing.process(running, attempt) : attempt()).then(ended, broke);
      }
    });
  }

  private limit(running: RunningTask, settings: TaskSettings): void {
    const { overseer, withoutHardLimits } = this.options;
    const { softTimeLimitMs } = settings;
    const limitMs = withoutHardLimits ? undefined : settings.timeLimitMs;
    if (softTimeLimitMs !== undefined || limitMs !== undefined)
      running.limit(softTimeLimitMs, limitMs, (ms) => this.exceeded(running, ms, settings));
    if (!overseer) return;
    const { task } = running;
    const outcome = () => asKept(timedOut(limitMs!, task, settings), settings);
    const limited = limitMs === undefined ? undefined : { task, limitMs, outcome };
    overseer.begun(limited);
    running.onEnded = () => overseer.ended(limited?.task);
  }

  private exceeded(running: RunningTask, limitMs: number, settings: TaskSettings): void {
    const outcome = timedOut(limitMs, running.task, settings);
    this.report(running, outcome, false);
    running.writeOff(outcome);
  }

  /** In a thread or process that is killed when the task is written off. */
  private async isolate(
    kind: IsolateKind,
    args: unknown[],
    running: RunningTask,
    settings: TaskSettings,
  ): Promise<Outcome> {
    const run = new IsolatedRun(kind, running, withArgs(running.task, args));
    const resolve = running.onWriteOff!;
    running.onWriteOff = (outcome) => {
      resolve(outcome);
      run.kill();
    };
    // the limit is that of the task, not of the starting of what runs it; the soft one is kept in there
    void run.begun.then(() =>
      running.limit(undefined, settings.timeLimitMs, (ms) => this.exceeded(running, ms, settings)),
    );
    try {
      return await this.options.isolated!().run(run);
    } finally {
      running.ended();
    }
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
      const end = resultSchema ? await returnedFitting(value, resultSchema) : returned(value);
      const grows = running.additions.length > 0 && end.state === 'SUCCESS';
      outcome = grows ? { ...end, more: running.additions } : end;
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
    const { around } = this.options;
    return around ? around(running, next) : next();
  }

  private report(running: RunningTask, outcome: Outcome, expected: boolean): void {
    const { name, id, attempt } = running;
    const error = outcome.error!;
    const what = `${name} ${id}, attempt ${attempt}: ${error.name}: ${error.message}`;
    // within its context, of which loggers tell
    storage.run(running, () => {
      if (outcome.kind === 'defer') this.logger.log(`${what}; again in ${outcome.delayMs} ms`);
      else if (expected) this.logger.log(what);
      else this.logger.error(what, error.stack);
    });
  }
}

/** As it goes to another thread or process: what it waited for is among its arguments. */
function withArgs(task: ClaimedTask, args: unknown[]): ClaimedTask {
  if (!(task.flags & FED)) return task;
  return { ...task, args: JSON.stringify(args), flags: task.flags & ~FED, inputs: null };
}
