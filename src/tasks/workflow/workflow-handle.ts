import { TaskHandle, type HandleService } from '../submission/task-handle.js';
import type { TaskRecord } from '../submission/task-view.js';
import type { WorkflowProgress, WorkflowRecord } from './workflow-view.js';

/** What a handle asks of `TaskService.workflows`. */
export interface WorkflowActions {
  get(id: string): Promise<WorkflowRecord>;
  progress(id: string): Promise<WorkflowProgress>;
  revoke(id: string, options?: { terminate?: boolean }): Promise<WorkflowRecord>;
  resume(id: string): Promise<WorkflowRecord>;
  signal(id: string, name: string, payload?: unknown): Promise<void>;
}

/**
 * A submitted workflow. Its id is that of the task that ends last: state, result and events of the whole are that
 * task's.
 */
export class WorkflowHandle<R = unknown> extends TaskHandle<R> {
  constructor(
    id: string,
    service: HandleService,
    private readonly workflows: WorkflowActions,
    uncommitted?: () => boolean,
  ) {
    super(id, service, uncommitted);
  }

  /** Its tasks with their states, and who waits for whom. @throws TaskNotFoundError */
  graph(): Promise<WorkflowRecord> {
    return this.workflows.get(this.id);
  }

  /** How many of its tasks are in which state. @throws TaskNotFoundError */
  progress(): Promise<WorkflowProgress> {
    return this.workflows.progress(this.id);
  }

  /** Revokes every task of it that has not ended. @throws TaskNotFoundError, TaskStateError when all have */
  override async revoke(options?: { terminate?: boolean }): Promise<TaskRecord> {
    await this.workflows.revoke(this.id, options);
    return this.record();
  }

  /** Runs again what failed or was revoked, and from there on. @throws TaskNotFoundError, TaskStateError */
  resume(): Promise<WorkflowRecord> {
    return this.workflows.resume(this.id);
  }

  /** Gives what a task of it waits for. See `TaskService.workflows.signal`. */
  signal(name: string, payload?: unknown): Promise<void> {
    return this.workflows.signal(this.id, name, payload);
  }
}
