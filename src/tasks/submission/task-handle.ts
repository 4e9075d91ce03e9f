import { toMilliseconds, type Duration } from '../duration.js';
import { ResultTimeoutError, TaskFailedError, TaskRevokedError, TaskStateError } from '../errors.js';
import { isFinal, type TaskState } from '../store/states.js';
import type { TaskRecord } from './task-view.js';

/** What a handle asks of the service. */
export interface HandleService {
  waitFor(id: string, timeoutMs?: number): Promise<TaskRecord>;
  record(id: string): Promise<TaskRecord>;
  revoke(id: string, options?: { terminate?: boolean }): Promise<TaskRecord>;
  events(id: string): AsyncIterable<TaskRecord>;
}

/** A submitted task. It holds nothing but the id: make as many as you like. */
export class TaskHandle<R = unknown> {
  constructor(
    /** UUIDv7. */
    readonly id: string,
    private readonly service: HandleService,
    /** Set while the transaction that the task was submitted in is open. */
    private readonly uncommitted?: () => boolean,
  ) {}

  /**
   * Waits for the result.
   * @param options.timeout how long to wait. Default: for ever.
   * @throws TaskFailedError, TaskRevokedError, ResultTimeoutError, TaskNotFoundError
   * @throws TaskStateError inside the transaction that submitted the task: it cannot have been run
   */
  async get(options: { timeout?: Duration } = {}): Promise<R> {
    if (this.uncommitted?.())
      throw new TaskStateError(this.id, 'not committed yet', 'waited for inside its own transaction');
    const timeoutMs = options.timeout === undefined ? undefined : toMilliseconds(options.timeout, 'timeout');
    const record = await this.service.waitFor(this.id, timeoutMs);
    if (record.state === 'SUCCESS') return record.result as R;
    if (record.state === 'FAILURE')
      throw new TaskFailedError(this.id, record.error ?? { name: 'Error', message: 'unknown' });
    if (record.state === 'REVOKED') throw new TaskRevokedError(this.id, record.revokedReason ?? 'revoked');
    throw new ResultTimeoutError(this.id, timeoutMs ?? 0, record.state, whyPending(record));
  }

  /** @throws TaskNotFoundError */
  record(): Promise<TaskRecord> {
    return this.service.record(this.id);
  }

  /** @throws TaskNotFoundError */
  async state(): Promise<TaskState> {
    return (await this.record()).state;
  }

  /** Whether it has ended, well or not. */
  async ready(): Promise<boolean> {
    return isFinal(await this.state());
  }

  /** See `TaskService.revoke`. */
  revoke(options?: { terminate?: boolean }): Promise<TaskRecord> {
    return this.service.revoke(this.id, options);
  }

  /** The record now, then after each change, until its end. */
  events(): AsyncIterable<TaskRecord> {
    return this.service.events(this.id);
  }
}

/** What keeps it from being run, as far as the record tells. */
function whyPending({ state, queue, dueAt }: TaskRecord): string {
  if (state !== 'PENDING') return '';
  if (dueAt !== null && Date.parse(dueAt) > Date.now()) return `it is due at ${dueAt}`;
  return `no worker has taken it from the queue '${queue}': celeriac status tells which queues have workers`;
}
