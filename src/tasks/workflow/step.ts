import type { TaskDescription } from '../definition/task-definition.js';
import type { SubmitOptions } from '../submission/submit-options.js';

/** What a step of a workflow may say beside its arguments. */
export type StepOptions = Omit<SubmitOptions, 'idempotencyKey' | 'manager' | 'unique'>;

/** What runs when a step has ended. */
interface Followed {
  /** Run with its result when it has succeeded. */
  readonly links: readonly Step[];
  /** Run with its failure when it has failed. */
  readonly errbacks: readonly Step[];
}

/** One task. */
export interface TaskStep extends Followed {
  readonly kind: 'task';
  /** The task, or its name. */
  readonly task: TaskDescription | string;
  readonly args: readonly unknown[];
  readonly options: StepOptions;
  /** Whether it takes nothing of what comes before it. */
  readonly immutable: boolean;
}

/** One after the other, each with the result of the one before. */
export interface ChainStep extends Followed {
  readonly kind: 'chain';
  readonly steps: readonly Step[];
}

/** Side by side; the result is the list of theirs. */
export interface GroupStep extends Followed {
  readonly kind: 'group';
  readonly steps: readonly Step[];
  /** Whether what waits for it goes on when one has failed, with null in its place. */
  readonly allowFailures: boolean;
}

/** Named steps, each after those that it names. */
export interface GraphStep extends Followed {
  readonly kind: 'graph';
  readonly steps: ReadonlyMap<string, NamedStep>;
}

export interface NamedStep {
  readonly step: Step;
  /** One name: its result is what the step is given. Several: an object of their results, by name. */
  readonly after: string | readonly string[] | undefined;
  readonly allowFailures: boolean;
}

/** The shape of a workflow, as it was written: nothing of it is stored. A chord is a chain of a group and its body. */
export type Step = TaskStep | ChainStep | GroupStep | GraphStep;

export const NOTHING_FOLLOWS: Followed = { links: [], errbacks: [] };

/** The same, with the names of tasks instead of all that is known of them. */
export function namedStep(step: Step): Step {
  const links = step.links.map(namedStep);
  const errbacks = step.errbacks.map(namedStep);
  if (step.kind === 'task') {
    const { task } = step;
    return { ...step, task: typeof task === 'string' ? task : task.name, links, errbacks };
  }
  if (step.kind !== 'graph') return { ...step, steps: step.steps.map(namedStep), links, errbacks };
  const named = [...step.steps].map(
    ([name, each]) => [name, { ...each, step: namedStep(each.step) }] as const,
  );
  return { ...step, steps: new Map(named), links, errbacks };
}
