import type { Dependents } from '../control/dependents.js';
import type { Relay } from '../control/relay.js';
import { InvalidOptionError } from '../errors.js';
import { HAS_DEPENDENTS } from '../store/columns.js';
import { isTransient } from '../store/database.js';
import type { FinalState } from '../store/states.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import type { Ending } from '../store/statements/finish.js';
import type { TaskChannel } from '../store/task-channel.js';
import { NestedGroupError, type WorkflowStore } from '../store/workflow-store.js';
import type { Producer } from '../submission/producer.js';
import type { Compiled } from '../workflow/compile.js';
import { NOTHING_FOLLOWS, type Step } from '../workflow/step.js';
import type { RunningTask } from './running-task.js';
import { scopeOf } from './signals.js';

export interface GrowthOptions {
  readonly workflows: Pick<WorkflowStore, 'finishWithMore' | 'replace' | 'wait'>;
  readonly producer: Pick<Producer, 'compileMore' | 'placed'>;
  readonly dependents: Dependents;
  readonly relay: Pick<Relay, 'send'>;
  readonly channel: Pick<TaskChannel, 'changed' | 'due'>;
}

/** Whether an execution was still its worker's; an Error says why it cannot end as it asked to. */
type Grown<State> = State | 'fenced' | Error;

/** The ends of executions that make their workflow grow, or wait: seldom, and each in a transaction of its own. */
export class Growth {
  constructor(private readonly options: GrowthOptions) {}

  /** Ends well, with more tasks in its group. */
  async finishWithMore(
    running: RunningTask,
    ending: Ending,
    steps: readonly Step[],
  ): Promise<Grown<FinalState>> {
    const { workflows, producer, dependents, channel } = this.options;
    try {
      const group: Step = { kind: 'group', steps, allowFailures: false, ...NOTHING_FOLLOWS };
      const more = awaited(await producer.compileMore(group, running, true));
      const ended = await workflows.finishWithMore(ending, more);
      if (!ended || ended.rows.length === 0) return 'fenced';
      producer.placed(more, ended.outbox);
      channel.changed([ending.id]);
      dependents.follow(ended.cascade);
      return ended.rows[0]!.state;
    } catch (error) {
      if (error instanceof NestedGroupError)
        return new InvalidOptionError(
          'addToGroup',
          'a group whose results are one flat list that something waits for',
          'another one',
        );
      return refused(error);
    }
  }

  /** Lets others take its place. */
  async replace(running: RunningTask, step: Step, workerId: string): Promise<Grown<'WAITING'>> {
    const { workflows, producer, channel } = this.options;
    try {
      const by = awaited(await producer.compileMore(step, running, false));
      const { id, fence } = running.task;
      const replaced = await workflows.replace({ id, fence, workerId }, by);
      if (!replaced) return 'fenced';
      producer.placed(by, replaced.outbox);
      channel.changed([id]);
      return 'WAITING';
    } catch (error) {
      return refused(error);
    }
  }

  /** Waits for a signal without its slot. */
  async wait(
    task: ClaimedTask,
    signal: string,
    timeoutMs: number | null,
    workerId: string,
  ): Promise<'WAITING' | 'fenced'> {
    const { workflows, channel, dependents } = this.options;
    const { id, fence } = task;
    const woken = await workflows.wait({ id, fence, workerId }, scopeOf(task), signal, timeoutMs);
    if (!woken) return 'fenced';
    channel.changed([id]);
    dependents.woken(woken);
    if (timeoutMs !== null) channel.due(timeoutMs);
    return 'WAITING';
  }
}

/** A mistake of the handler's ends its task; while the database is away it is tried again. */
function refused(error: unknown): Error {
  if (isTransient(error) || !(error instanceof Error)) throw error;
  return error;
}

/** Something waits for what it gives. */
function awaited(compiled: Compiled): Compiled {
  const outputs = new Set(compiled.outputs);
  const tasks = compiled.tasks.map((task) =>
    outputs.has(task.id) ? { ...task, flags: task.flags | HAS_DEPENDENTS } : task,
  );
  return { ...compiled, tasks };
}
