import type { TaskEventBus } from '../events/event-bus.js';
import type { Cascade } from '../store/cascading.js';
import type { TaskChannel } from '../store/task-channel.js';
import type { Woken } from '../store/ready-batch.js';
import type { WorkflowStore } from '../store/workflow-store.js';
import type { Relay } from './relay.js';

export interface DependentsOptions {
  readonly workflows: Pick<WorkflowStore, 'cascadeStep'>;
  readonly relay: Pick<Relay, 'send'>;
  readonly channel: Pick<TaskChannel, 'changed' | 'due'>;
  readonly events?: Pick<TaskEventBus, 'emit'>;
}

/** Tells of what the ends of tasks did to those that waited for them, once that is committed. */
export class Dependents {
  private releasing: Promise<void> | undefined;

  constructor(private readonly options: DependentsOptions) {}

  /** Never throws: what is lost on the way is found by the sweeps. */
  follow(cascade: Cascade): void {
    const { relay, channel, events } = this.options;
    channel.changed([...cascade.changed]);
    relay.send(cascade.ready);
    if (cascade.later) channel.due(0);
    for (const { id, name, queue, state } of cascade.ended)
      if (state === 'REVOKED') events?.emit('revoked', () => ({ id, name, queue, reason: 'revoked' }));
      else events?.emit('upstream-failed', () => ({ id, name, queue }));
    if (cascade.more) void this.release().catch(() => undefined);
  }

  /** Tells of what a signal woke. */
  woken({ tasks, outbox }: Woken): void {
    const { relay, channel } = this.options;
    channel.changed(tasks.map((task) => task.id));
    relay.send({ tasks: tasks.filter((task) => task.ready), outbox });
    if (tasks.some((task) => !task.ready)) channel.due(0);
  }

  /** Works off the dependents of tasks with many; any process may, and what one leaves another takes up. */
  release(): Promise<void> {
    return (this.releasing ??= this.steps().finally(() => (this.releasing = undefined)));
  }

  private async steps(): Promise<void> {
    for (;;) {
      const step = await this.options.workflows.cascadeStep();
      if (!step) return;
      this.follow({ ...step.cascade, more: false });
      // somebody else is at it
      if (step.isEmpty) return;
    }
  }
}
