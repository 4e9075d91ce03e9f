import type { EntityManager } from 'typeorm';
import { describeTask } from '../definition/describe-task.js';
import { TaskContext } from '../definition/task-context.js';
import type { TaskDescription } from '../definition/task-definition.js';
import { assertTaskName } from '../definition/task-name.js';
import type { TaskRegistry } from '../definition/task-registry.js';
import type { Texts } from '../definition/texts.js';
import { checkSubmission } from '../definition/validation/check-arguments.js';
import { InvalidOptionError, relocated } from '../errors.js';
import type { TaskEventBus } from '../events/event-bus.js';
import { FED } from '../store/columns.js';
import type { NewTask } from '../store/new-task.js';
import type { Replaced } from '../store/unique-store.js';
import type { TaskRow } from '../store/task-record.entity.js';
import type { ResolvedTasksOptions } from '../tasks.options.js';
import { acceptedRow } from './accepted-row.js';
import { composeMany, composeTask, type Submission } from './compose-task.js';
import type { QueueLimits } from './queue-limits.js';
import { originOf } from './origin.js';
import { NO_ORIGIN, placeOf, type Origin, type SubmitOptions } from './submit-options.js';
import type { Submitter } from './submitter.js';
import { newTaskId } from './task-id.js';
import { compile, type Compiled } from '../workflow/compile.js';
import type { WorkflowOptions } from '../workflow/signature.js';
import type { Step } from '../workflow/step.js';

/** What a running task belongs to. */
export interface Membership {
  readonly groupId: string | null;
  readonly workflowId: string | null;
}

/** A task that was accepted. */
export interface Placed {
  readonly id: string;
  /** Set while the transaction that it was submitted in is open. */
  readonly uncommitted?: (() => boolean) | undefined;
  /** As it was stored, where that is known without a look. */
  readonly row?: TaskRow | undefined;
}

/** From a call to a stored task: description, origin, checks, events. */
export class Producer {
  constructor(
    private readonly submitter: Submitter,
    private readonly registry: TaskRegistry,
    private readonly options: ResolvedTasksOptions,
    private readonly events: TaskEventBus,
    private readonly limits: QueueLimits | undefined,
  ) {}

  /** @throws as `TaskService.submit` */
  async submit(
    task: TaskDescription,
    args: readonly unknown[],
    options: SubmitOptions,
    clientHeaders?: Texts,
  ): Promise<Placed> {
    const { manager, idempotencyKey } = options;
    const row = composeTask(task, args, options, this.origin(clientHeaders));
    if (row.unique) assertAlone(options);
    if (this.looksAt(task)) await this.check(task, row);
    await this.limits?.admit([row]);
    if (manager) {
      if (idempotencyKey !== undefined) throw keyBesideManager();
      return this.within(manager, [row]);
    }
    if (row.unique) return (await this.unique([row]))[0]!;
    if (idempotencyKey !== undefined) {
      const id = await this.submitter.submitOnce(row, idempotencyKey);
      if (id === row.id) this.submitted(row);
      return { id };
    }
    const createdAt = await this.submitter.submit(row);
    this.submitted(row);
    return { id: row.id, row: createdAt && acceptedRow(row, createdAt) };
  }

  /** All or none. */
  async submitMany(
    submissions: readonly Submission[],
    manager: EntityManager | undefined,
    clientHeaders?: Texts,
  ): Promise<Placed[]> {
    const rows = composeMany(submissions, (name) => this.describe(name), this.origin(clientHeaders));
    for (const [i, row] of rows.entries()) {
      const task = this.describe(submissions[i]!.name);
      if (this.looksAt(task))
        await this.check(task, row).catch((error: unknown) => {
          throw relocated(error, (path) => `[${i}].${path}`);
        });
    }
    await this.limits?.admit(rows);
    if (manager) {
      if (rows.some((row) => row.unique))
        throw new InvalidOptionError('manager', 'no unique task beside it', 'one');
      const placed = await this.within(manager, rows);
      return rows.map(({ id }) => ({ ...placed, id }));
    }
    if (rows.some((row) => row.unique)) return this.unique(rows);
    await this.submitter.submitAll(rows);
    for (const row of rows) this.submitted(row);
    return rows;
  }

  /**
   * A workflow, as a whole or not at all.
   * @throws as `TaskService.submit`, with the place of the mistake: `chain[1].args`
   */
  async submitWorkflow(step: Step, options: WorkflowOptions, clientHeaders?: Texts): Promise<Placed> {
    const { manager, idempotencyKey } = options;
    const origin = this.origin(clientHeaders);
    const workflow = this.compile(step, { options, origin });
    if (manager && idempotencyKey !== undefined) throw keyBesideManager();
    await this.assertWelcome(workflow);
    if (manager) {
      const runner = await this.submitter.submitWorkflowWithin(manager, workflow);
      for (const task of workflow.tasks) this.submitted(task);
      return { id: workflow.id, uncommitted: () => runner.isTransactionActive };
    }
    const id = await this.submitter.submitWorkflow(workflow, idempotencyKey);
    if (id === workflow.id) for (const task of workflow.tasks) this.submitted(task);
    return { id };
  }

  /** From a shape to rows that join a workflow which is there; the caller inserts them. @throws as {@link submitWorkflow} */
  async compileMore(step: Step, parent: TaskContext & Membership, isGroup: boolean): Promise<Compiled> {
    const origin = { parentId: parent.id, rootId: parent.rootId ?? parent.id, headers: parent.headers };
    const options = parent.owner === null ? {} : { owner: parent.owner };
    const within = {
      workflowId: parent.workflowId ?? parent.id,
      groupId: isGroup ? parent.groupId : null,
    };
    const compiled = this.compile(step, { options, origin, within }, !isGroup);
    await this.assertWelcome(compiled);
    await this.submitter.groundwork.lay(compiled.tasks);
    return compiled;
  }

  /** What `compileMore` made is committed. */
  placed({ tasks }: Compiled, outbox: readonly string[]): void {
    this.submitter.announce(tasks, outbox);
    for (const task of tasks) this.submitted(task);
  }

  /** Checks a submission without making it. @throws as {@link submit} */
  async draft(
    name: string,
    args: readonly unknown[],
    options: SubmitOptions,
    id = newTaskId(),
  ): Promise<NewTask> {
    const task = this.describe(name);
    const row = composeTask(task, args, options, NO_ORIGIN, placeOf(id));
    if (this.looksAt(task)) await this.checkTask(task, row);
    return row;
  }

  /** What must be known before drafts are stored, and listeners who may refuse them. */
  async prepare(rows: readonly NewTask[]): Promise<void> {
    if (this.events.wants('submitting'))
      for (const row of rows) await this.events.ask('submitting', () => beforeSubmission(row));
    await this.submitter.groundwork.lay(rows);
  }

  /** Tells of drafts that were stored. */
  announce(rows: readonly NewTask[], outbox: readonly string[], replaced: readonly Replaced[]): void {
    this.submitter.announce(rows, outbox);
    for (const row of rows) this.submitted(row);
    this.submitter.revoked(replaced);
    for (const task of replaced) this.events.emit('revoked', () => ({ ...task, reason: 'revoked' }));
  }

  /** @throws UnknownTaskError, unless `allowUnknownTasks` */
  describe(name: string): TaskDescription {
    const definition = this.registry.find(name);
    if (definition) return definition;
    if (!this.options.allowUnknownTasks || typeof name !== 'string') return this.registry.get(name);
    assertTaskName(name, `submit('${name.slice(0, 80)}')`);
    return {
      ...describeTask({ [name]: () => undefined }, '', name, { name }, this.options.taskDefaults),
      maxArguments: undefined,
    };
  }

  async knowsQueue(queue: string): Promise<boolean> {
    return (
      this.options.knownQueues.includes(queue) ||
      this.registry.queues().includes(queue) ||
      this.submitter.groundwork.knowsQueue(queue)
    );
  }

  close(): Promise<void> {
    return this.submitter.close();
  }

  /** Makes a task's limits known, for one that is to run again. */
  async ensureGates(name: string, queue: string, args: readonly unknown[]): Promise<void> {
    await this.submitter.groundwork.ensureGates(this.registry.find(name)?.gatesFor(queue, args) ?? []);
  }

  /** Where a submission comes from. @throws InvalidOptionError when the application's context cannot be carried along */
  protected origin(clientHeaders: Texts | undefined): Origin {
    return originOf(this.options.context, clientHeaders);
  }

  private async unique(rows: readonly NewTask[]): Promise<Placed[]> {
    const { ids, replaced } = await this.submitter.submitUnique(rows);
    for (const [i, row] of rows.entries()) if (ids[i] === row.id) this.submitted(row);
    for (const task of replaced) this.events.emit('revoked', () => ({ ...task, reason: 'revoked' }));
    return ids.map((id) => ({ id }));
  }

  private async within(manager: EntityManager, rows: readonly NewTask[]): Promise<Placed> {
    const runner = await this.submitter.submitWithin(manager, rows);
    for (const row of rows) this.submitted(row);
    return { id: rows[0]?.id ?? '', uncommitted: () => runner.isTransactionActive };
  }

  private compile(
    step: Step,
    given: Omit<Parameters<typeof compile>[1], 'describe'>,
    single = true,
  ): Compiled {
    return compile(step, { ...given, describe: (name) => this.describe(name) }, single);
  }

  /** @throws InvalidArgumentError, InvalidOptionError, QueueFullError, or what a listener of `submitting` throws */
  private async assertWelcome({ tasks, descriptions }: Compiled): Promise<void> {
    for (const [i, row] of tasks.entries()) {
      const task = descriptions[i]!;
      if (this.looksAt(task)) await this.check(task, row);
    }
    await this.limits?.admit(tasks);
  }

  /** Whether anything is to be checked beyond its options: most submissions must not wait for it. */
  private looksAt(task: TaskDescription): boolean {
    return task.checked || this.options.unknownQueues === 'refuse' || this.events.wants('submitting');
  }

  /** @throws InvalidArgumentError, InvalidOptionError, or what a listener of `submitting` throws */
  private async check(task: TaskDescription, row: NewTask): Promise<void> {
    await this.checkTask(task, row);
    if (this.events.wants('submitting')) await this.events.ask('submitting', () => beforeSubmission(row));
  }

  /** @throws InvalidArgumentError, InvalidOptionError */
  private async checkTask(task: TaskDescription, row: NewTask): Promise<void> {
    // what is fed gets its first argument later: its worker checks them
    if (task.checked && !(row.flags & FED)) await checkSubmission(task, JSON.parse(row.args) as unknown[]);
    if (this.options.unknownQueues === 'refuse' && !(await this.knowsQueue(row.queue)))
      throw new InvalidOptionError(
        'queue',
        "a queue of forRoot({ queues }), of a task, or one that a worker has taken from (unknownQueues is 'refuse')",
        row.queue,
        'UNKNOWN_QUEUE',
      );
  }

  private submitted({ id, name, queue }: NewTask): void {
    this.events.emit('submitted', () => ({ id, name, queue }));
  }
}

/** A unique task takes a lock, and one with a key another. @throws InvalidOptionError */
function assertAlone({ manager, idempotencyKey }: SubmitOptions): void {
  if (manager)
    throw new InvalidOptionError(
      'unique',
      'no manager beside it: it needs a transaction of its own',
      'a manager',
    );
  if (idempotencyKey !== undefined)
    throw new InvalidOptionError(
      'idempotencyKey',
      'none for a unique task (a second one is kept out already): leave the key out, or set unique: false',
      'one',
      'INVALID_IDEMPOTENCY_KEY',
    );
}

const keyBesideManager = () =>
  new InvalidOptionError(
    'idempotencyKey',
    'no manager beside it: a key needs a transaction of its own',
    'both',
  );

function beforeSubmission({ id, name, queue, args, options }: NewTask) {
  const { headers = {} } = JSON.parse(options ?? '{}') as { headers?: Texts };
  return { id, name, queue, args: JSON.parse(args) as unknown[], headers };
}
