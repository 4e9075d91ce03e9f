import { NIL } from 'uuid';
import type { Dependents } from '../control/dependents.js';
import type { TaskRegistry } from '../definition/task-registry.js';
import type { Texts } from '../definition/texts.js';
import { InvalidOptionError, SignalConflictError, TaskNotFoundError, TaskStateError } from '../errors.js';
import type { TaskRow } from '../store/task-record.entity.js';
import type { ResolvedTasksOptions } from '../tasks.options.js';
import { assertJson } from '../submission/json.js';
import { assertPage, type Page } from '../submission/page.js';
import type { Producer } from '../submission/producer.js';
import type { ServiceStorage } from '../submission/service-storage.js';
import type { HandleService } from '../submission/task-handle.js';
import { assertTaskId } from '../submission/task-id.js';
import { toRecord, type TaskRecord } from '../submission/task-view.js';
import { Signature, type Launcher, type WorkflowOptions } from './signature.js';
import type { Step } from './step.js';
import { WorkflowHandle, type WorkflowActions } from './workflow-handle.js';
import { edgeOf, nodeOf, progressOf, type WorkflowProgress, type WorkflowRecord } from './workflow-view.js';

const REVOKE_BATCH = 500;
const NODES = 500;
const MAX_NODES = 5000;
const GATES_BATCH = 50;
const MAX_SIGNAL_NAME = 100;

/** Who asks, and whose it must be. */
interface By {
  by?: string | undefined;
  owner?: string | undefined;
}

/** Submits workflows and asks about them: `TaskService.workflows`. */
export class Workflows implements Launcher, WorkflowActions {
  constructor(
    private readonly storage: ServiceStorage,
    private readonly registry: TaskRegistry,
    private readonly options: Pick<ResolvedTasksOptions, 'revokeGraceMs'>,
    private readonly producer: Producer,
    private readonly dependents: Dependents,
    private readonly tasks: HandleService,
  ) {}

  /**
   * Submits a workflow, as `signature.applyAsync(options)` does.
   * @throws as `TaskService.submit`, with the place of the mistake: nothing was submitted
   */
  async launch<R>(
    workflow: Signature<never, R, true> | Step,
    options: WorkflowOptions = {},
    { clientHeaders }: { clientHeaders?: Texts | undefined } = {},
  ): Promise<WorkflowHandle<R>> {
    const step = workflow instanceof Signature ? workflow.step : workflow;
    const { id, uncommitted } = await this.producer.submitWorkflow(step, options, clientHeaders);
    return new WorkflowHandle<R>(id, this.tasks, this, uncommitted);
  }

  /** The handle of a workflow submitted before. */
  handle<R = unknown>(id: string): WorkflowHandle<R> {
    return new WorkflowHandle<R>(assertTaskId(id), this.tasks, this);
  }

  /**
   * A workflow with its tasks and who waits for whom. The id of any of its tasks will do.
   * @param nodes the most tasks, at most 5,000. Default 500.
   * @throws TaskNotFoundError
   */
  async get(
    id: string,
    { owner, nodes = NODES }: { owner?: string | undefined; nodes?: number | undefined } = {},
  ): Promise<WorkflowRecord> {
    if (!Number.isInteger(nodes) || nodes < 0 || nodes > MAX_NODES)
      throw new InvalidOptionError('nodes', `a whole number from 0 to ${MAX_NODES}`, nodes, 'INVALID_PAGE');
    const { workflows, reader } = this.storage;
    const last = await this.last(id, owner);
    const [counts, ids] = await Promise.all([
      workflows.counts(last.id),
      nodes === 0 ? [] : workflows.tasks(last.id, nodes + 1),
    ]);
    const shown = ids.slice(0, nodes);
    const [rows, edges] = await Promise.all([reader.briefly(shown), workflows.edgesAmong(shown)]);
    const { name, state, error, tags, createdAt, finishedAt } = last;
    return {
      id: last.id,
      name,
      state,
      error,
      owner: last.owner,
      tags,
      createdAt,
      finishedAt,
      progress: progressOf(counts),
      nodes: inOrder(shown, rows).map((row) => nodeOf(toRecord(row, this.registry))),
      edges: edges.map(edgeOf),
      truncated: ids.length > nodes,
    };
  }

  /** @throws TaskNotFoundError */
  async progress(id: string): Promise<WorkflowProgress> {
    return progressOf(await this.storage.workflows.counts((await this.last(id)).id));
  }

  /** The newest first, as the records of the tasks that end them. @throws InvalidOptionError */
  async list(
    { owner }: { owner?: string | undefined } = {},
    page: Pick<Page, 'limit' | 'cursor'> = {},
  ): Promise<{ items: TaskRecord[]; nextCursor: string | null }> {
    const { limit, cursor } = assertPage(page);
    const ids = await this.storage.workflows.list(cursor ?? null, owner ?? null, limit);
    const rows = inOrder(ids, await this.storage.reader.briefly(ids));
    const items = rows.map((row) => toRecord(row, this.registry));
    return { items, nextCursor: ids.length === limit ? ids.at(-1)! : null };
  }

  /**
   * Revokes every task of it that has not ended, in batches, each as `TaskService.revoke` does.
   * @throws TaskNotFoundError, or TaskStateError when all of it has ended
   */
  async revoke(
    id: string,
    { terminate = false, by, owner }: { terminate?: boolean } & By = {},
  ): Promise<WorkflowRecord> {
    const { store, workflows, channel } = this.storage;
    const last = await this.last(id, owner);
    let after: string = NIL;
    let found = 0;
    for (;;) {
      const live = await workflows.live(last.id, after, REVOKE_BATCH);
      if (live.length === 0) break;
      after = live.at(-1)!.id;
      found += live.length;
      const ids = live.map((task) => task.id);
      const { rows, cascade } = await store.revoke(ids, terminate, this.options.revokeGraceMs, by ?? null);
      channel.revoked(rows.map((row) => row.id));
      channel.changed(rows.map((row) => row.id));
      this.dependents.follow(cascade);
    }
    if (found === 0) throw new TaskStateError(last.id, last.state, 'revoked');
    return this.get(last.id);
  }

  /**
   * Runs again what failed or was revoked, under the same ids, and what had ended because of that.
   * @throws TaskNotFoundError, or TaskStateError when nothing of it has failed
   */
  async resume(id: string, { by, owner }: By = {}): Promise<WorkflowRecord> {
    const last = await this.last(id, owner);
    if (!(await this.revive(last.id, undefined, by)))
      throw new TaskStateError(last.id, last.state, 'resumed: nothing in it has failed');
    return this.get(last.id);
  }

  /** Brings back one task of a workflow, and what it had dragged along. @returns whether there was something */
  async revive(workflow: string, only: string | undefined, by: string | undefined): Promise<boolean> {
    const { workflows } = this.storage;
    const cascade = await workflows.revive(workflow, only, by ?? null, (gated) => this.ensureGates(gated));
    if (!cascade) return false;
    this.dependents.follow(cascade);
    return true;
  }

  /**
   * Limits are forgotten when nothing has waited for them for a day; those that are not known do not hold. Called before
   * anybody else sees that the tasks are live again.
   */
  private async ensureGates(gated: readonly string[]): Promise<void> {
    for (let i = 0; i < gated.length; i += GATES_BATCH)
      await Promise.all(
        gated.slice(i, i + GATES_BATCH).map(async (id) => {
          const row = await this.storage.reader.find(id);
          if (!row) return;
          // as when it was submitted: the result of the step before was not known
          const fed = row.options?.feed !== undefined && !row.options.replaced;
          await this.producer.ensureGates(row.name, row.queue, [
            ...(fed ? [undefined] : []),
            ...(row.args ?? []),
          ]);
        }),
      );
  }

  /**
   * Gives the signal that tasks of a workflow wait for with `ctx.waitFor(name)`, or will. A signal is given once.
   * @param id of the workflow, or of any of its tasks
   * @param payload JSON
   * @throws TaskNotFoundError, TaskStateError when it has ended, SignalConflictError when it was given before
   */
  async signal(
    id: string,
    name: string,
    payload: unknown = null,
    { owner }: Pick<By, 'owner'> = {},
  ): Promise<void> {
    if (typeof name !== 'string' || name.length === 0 || name.length > MAX_SIGNAL_NAME || name.includes('\0'))
      throw new InvalidOptionError('name', `a text of 1 to ${MAX_SIGNAL_NAME} characters`, name);
    assertJson(payload, 'payload');
    if (owner !== undefined) await this.record(id, owner);
    const woken = await this.storage.workflows.signal(assertTaskId(id), name, JSON.stringify(payload));
    if (woken === undefined) throw new TaskNotFoundError(id);
    if (woken === 'ended') throw new TaskStateError(id, (await this.record(id)).state, 'signalled');
    if (woken === 'given before') throw new SignalConflictError(id, name);
    this.dependents.woken(woken);
  }

  /** The task that ends last. */
  private async last(id: string, owner?: string): Promise<TaskRecord> {
    const record = await this.record(id, owner);
    if (record.workflowId === null || record.workflowId === id) return record;
    return this.record(record.workflowId);
  }

  private async record(id: string, owner?: string): Promise<TaskRecord> {
    const row = await this.storage.reader.find(assertTaskId(id), owner);
    if (!row) throw new TaskNotFoundError(id);
    return toRecord(row, this.registry);
  }
}

function inOrder(ids: readonly string[], rows: readonly TaskRow[]): TaskRow[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}
