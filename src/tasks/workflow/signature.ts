import { InvalidOptionError } from '../errors.js';
import type { SubmitOptions } from '../submission/submit-options.js';
import { NOTHING_FOLLOWS, type GroupStep, type Step, type StepOptions } from './step.js';
import type { WorkflowHandle } from './workflow-handle.js';

/** The options of a whole workflow; what a step says itself wins. */
export type WorkflowOptions = Pick<
  SubmitOptions,
  'queue' | 'priority' | 'owner' | 'tags' | 'headers' | 'meta' | 'idempotencyKey' | 'manager'
> &
  /** When its first steps may start. */
  Pick<SubmitOptions, 'countdown' | 'eta'>;

/** What submits workflows: the `TaskService` that the steps come from. */
export interface Launcher {
  launch(step: Step, options: WorkflowOptions): Promise<WorkflowHandle<never>>;
}

/** What an errback is told. */
export interface TaskFailure {
  /** The task that failed. */
  id: string;
  name: string;
  error: { name: string; message: string };
}

declare const types: unique symbol;

/** Seen by the compiler alone. */
interface Typed<In, R, Start extends boolean> {
  readonly [types]: { in: (parent: In) => void; out: R; start: Start };
}

/**
 * A step of a workflow, or a workflow as a step of another. It is a description: nothing is submitted before `delay()`,
 * and every method gives a new one.
 *
 * `In`: what it takes of the step before it (never: there is no room; unknown: ignored). `R`: its result. `Start`:
 * whether it is complete, so that it can be submitted or stand first.
 */
export class Signature<in In, out R, out Start extends boolean = boolean> implements Typed<In, R, Start> {
  declare readonly [types]: { in: (parent: In) => void; out: R; start: Start };

  constructor(
    readonly step: Step,
    readonly launcher: Launcher | undefined,
  ) {}

  /** Submits it; resolves when all of it is committed. @throws as {@link applyAsync} */
  delay(this: Signature<In, R, true>): Promise<WorkflowHandle<R>> {
    return this.applyAsync();
  }

  /**
   * Submits it with options for all of its steps.
   * @throws InvalidOptionError, NotSerializableError, UnknownTaskError with the place of the mistake, and otherwise as
   *   `TaskService.submit`: nothing was submitted
   */
  async applyAsync(this: Signature<In, R, true>, options: WorkflowOptions = {}): Promise<WorkflowHandle<R>> {
    if (!this.launcher)
      throw new InvalidOptionError(
        'workflow',
        'at least one step of TaskService.of(…), or TaskService.workflows.launch(…)',
        'none',
      );
    return this.launcher.launch(this.step, options);
  }

  /** Options of this step alone. @throws InvalidOptionError for one that is not a single task */
  set(options: StepOptions): this {
    const { step } = this;
    if (step.kind !== 'task')
      throw new InvalidOptionError('set', `a single task, or applyAsync(options) for all steps`, step.kind);
    return this.with({ ...step, options: { ...step.options, ...options } });
  }

  /** Runs another one with its result when it has succeeded. The result of the whole stays what it is. */
  link(next: Signature<R, unknown>): this {
    return this.with({ ...this.step, links: [...this.step.links, next.step] });
  }

  /** Runs another one, once, when it, or anything in it, has failed. */
  linkError(errback: Signature<TaskFailure, unknown>): this {
    return this.with({ ...this.step, errbacks: [...this.step.errbacks, errback.step] });
  }

  protected with(step: Step): this {
    return new (this.constructor as new (step: Step, launcher: Launcher | undefined) => this)(
      step,
      this.launcher,
    );
  }
}

/** Steps side by side. */
export class Group<in In, out R extends readonly unknown[], out Start extends boolean> extends Signature<
  In,
  R,
  Start
> {
  declare readonly group: true;

  /** What waits for the group goes on when one of it has failed: its place in the list is null. */
  allowFailures(): Group<In, { -readonly [K in keyof R]: R[K] | null }, Start> {
    return new Group({ ...(this.step as GroupStep), allowFailures: true }, this.launcher);
  }
}

/** A step whatever it takes and gives. */
export type AnySignature = Signature<never, unknown>;
export type InOf<S> = S extends { readonly [types]: { in: (parent: infer I) => void } } ? I : never;
export type OutOf<S> = S extends { readonly [types]: { out: infer R } } ? R : never;
export type StartOf<S> = S extends { readonly [types]: { start: infer B extends boolean } } ? B : never;

/** @internal */
export function taskSignature<I, R, B extends boolean>(
  task: Extract<Step, { kind: 'task' }>['task'],
  args: readonly unknown[],
  immutable: boolean,
  launcher: Launcher | undefined,
): Signature<I, R, B> {
  return new Signature({ kind: 'task', task, args, options: {}, immutable, ...NOTHING_FOLLOWS }, launcher);
}

/** The first launcher among the steps. @internal */
export function launcherOf(steps: readonly AnySignature[]): Launcher | undefined {
  return steps.find((step) => step.launcher)?.launcher;
}
