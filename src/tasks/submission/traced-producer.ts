import type { EntityManager } from 'typeorm';
import type { TaskDescription } from '../definition/task-definition.js';
import type { Texts } from '../definition/texts.js';
import type { Tracing } from '../observability/tracing/tracing.js';
import type { WorkflowOptions } from '../workflow/signature.js';
import type { Step } from '../workflow/step.js';
import type { Submission } from './compose-task.js';
import { Producer, type Placed } from './producer.js';
import type { Origin, SubmitOptions } from './submit-options.js';

/** Submits within a span, and sends the trace along with each task. */
export class TracedProducer extends Producer {
  constructor(
    private readonly tracing: Tracing,
    ...rest: ConstructorParameters<typeof Producer>
  ) {
    super(...rest);
  }

  override submit(
    task: TaskDescription,
    args: readonly unknown[],
    options: SubmitOptions,
    clientHeaders?: Texts,
  ): Promise<Placed> {
    if (!this.tracing.isOn) return super.submit(task, args, options, clientHeaders);
    const sent = {
      name: task.name,
      queue: options.queue ?? task.queueFor(args),
      headers: { ...clientHeaders, ...options.headers },
    };
    return this.tracing.send(sent, () => super.submit(task, args, options, clientHeaders));
  }

  override submitMany(
    submissions: readonly Submission[],
    manager: EntityManager | undefined,
    clientHeaders?: Texts,
  ): Promise<Placed[]> {
    if (!this.tracing.isOn) return super.submitMany(submissions, manager, clientHeaders);
    const sent = {
      name: undefined,
      queue: undefined,
      count: submissions.length,
      headers: clientHeaders,
    };
    return this.tracing.send(sent, () => super.submitMany(submissions, manager, clientHeaders));
  }

  override submitWorkflow(step: Step, options: WorkflowOptions, clientHeaders?: Texts): Promise<Placed> {
    if (!this.tracing.isOn) return super.submitWorkflow(step, options, clientHeaders);
    const sent = { name: undefined, queue: undefined, headers: clientHeaders };
    return this.tracing.send(sent, () => super.submitWorkflow(step, options, clientHeaders));
  }

  protected override origin(clientHeaders: Texts | undefined): Origin {
    const origin = super.origin(clientHeaders);
    const trace = this.tracing.isOn ? this.tracing.headers() : undefined;
    return trace ? { ...origin, trace } : origin;
  }
}
