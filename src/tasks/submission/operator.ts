import type { Dependents } from '../control/dependents.js';
import { TaskStateError } from '../errors.js';
import type { TaskEventBus } from '../events/event-bus.js';
import { isFinal } from '../store/states.js';
import type { ResolvedTasksOptions } from '../tasks.options.js';
import type { Producer } from './producer.js';
import type { ServiceStorage } from './service-storage.js';
import { assertTaskId } from './task-id.js';
import type { TaskRecord } from './task-view.js';
import type { TaskService } from './task.service.js';

export interface OperatorOptions {
  readonly storage: Pick<ServiceStorage, 'store' | 'channel' | 'relay'>;
  readonly options: Pick<ResolvedTasksOptions, 'revokeGraceMs'>;
  readonly producer: Pick<Producer, 'ensureGates'>;
  readonly bus: TaskEventBus;
  readonly dependents: Dependents;
  readonly service: Pick<TaskService, 'record' | 'workflows'>;
}

/** What is done to a task from outside, each with its entry in the audit trail. */
export class Operator {
  constructor(private readonly given: OperatorOptions) {}

  /** @throws as `TaskService.revoke` */
  async revoke(id: string, { terminate = false, by }: { terminate?: boolean; by?: string }) {
    const { storage, options, service, bus, dependents } = this.given;
    const {
      rows: [revoked],
      cascade,
    } = await storage.store.revoke([assertTaskId(id)], terminate, options.revokeGraceMs, by ?? null);
    dependents.follow(cascade);
    const record = await service.record(id);
    if (!revoked) throw refused(record, 'revoked');
    const { name, queue } = record;
    if (revoked.ended) bus.emit('revoked', () => ({ id, name, queue, reason: 'revoked' }));
    storage.channel.revoked([id]);
    storage.channel.changed([id]);
    return record;
  }

  /** @throws as `TaskService.retry` */
  async retry(id: string, { by }: { by?: string }): Promise<TaskRecord> {
    const { storage, producer, service } = this.given;
    const { name, queue, args } = await service.record(assertTaskId(id));
    // before it waits for them: limits that are not known do not hold
    await producer.ensureGates(name, queue, args ?? []);
    const live = await storage.store.retryFinished(id, by ?? null);
    const record = await service.record(id);
    if (live.tasks.length === 0) return this.retryInWorkflow(record, by);
    storage.channel.changed([id]);
    const ready = live.tasks.filter((task) => task.ready);
    storage.relay.send({ ...live, tasks: ready });
    // one with limits waits for these first
    if (ready.length === 0) storage.channel.due(0);
    return record;
  }

  /** @throws as `TaskService.forget` */
  async forget(id: string, { by }: { by?: string }): Promise<void> {
    const { storage, service } = this.given;
    if (await storage.store.forget(assertTaskId(id), by ?? null)) return;
    const record = await service.record(id);
    throw refused(record, isFinal(record.state) ? 'forgotten while its workflow goes on' : 'forgotten');
  }

  private async retryInWorkflow(record: TaskRecord, by: string | undefined): Promise<TaskRecord> {
    const { service } = this.given;
    const { id, workflowId, state } = record;
    const mayBe = workflowId !== null && (state === 'FAILURE' || state === 'REVOKED');
    if (!mayBe || !(await service.workflows.revive(workflowId, id, by)))
      throw refused(
        record,
        mayBe ? 'retried alone: retry the task that it failed with, or resume its workflow' : 'retried',
      );
    return service.record(id);
  }
}

/** A job of another system only moves there. */
function refused({ id, state, source, queue, tags }: TaskRecord, action: string): TaskStateError {
  const there = `${action} here: it is job ${tags.bullmq} of BullMQ's queue '${queue}', so do that there`;
  return new TaskStateError(id, state, source === null ? action : there);
}
