import type { EntityManager } from 'typeorm';
import { describeTask } from '../definition/describe-task.js';
import { TaskContext } from '../definition/task-context.js';
import type { TaskDescription } from '../definition/task-definition.js';
import { assertTaskName } from '../definition/task-name.js';
import type { TaskRegistry } from '../definition/task-registry.js';
import { assertTexts, type Texts } from '../definition/texts.js';
import { checkSubmission } from '../definition/validation/check-arguments.js';
import { InvalidOptionError, relocated } from '../errors.js';
import type { TaskEventBus } from '../events/event-bus.js';
import type { NewTask } from '../store/new-task.js';
import type { TaskRow } from '../store/task-record.entity.js';
import type { ResolvedTasksOptions } from '../tasks.options.js';
import { acceptedRow } from './accepted-row.js';
import { composeMany, composeTask, type Submission } from './compose-task.js';
import type { QueueLimits } from './queue-limits.js';
import { NO_ORIGIN, type Origin, type SubmitOptions } from './submit-options.js';
import type { Submitter } from './submitter.js';

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
      if (idempotencyKey !== undefined)
        throw new InvalidOptionError(
          'idempotencyKey',
          'no manager beside it: a key needs a transaction of its own',
          'both',
        );
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
      this.submitter.knowsQueue(queue)
    );
  }

  close(): Promise<void> {
    return this.submitter.close();
  }

  /** Makes a task's limits known, for one that is to run again. */
  async ensureGates(name: string, queue: string, args: readonly unknown[]): Promise<void> {
    await this.submitter.ensureGates(this.registry.find(name)?.gatesFor(queue, args) ?? []);
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

  /** The task or the request that submits. */
  private origin(clientHeaders: Texts | undefined): Origin {
    const parent = TaskContext.current();
    const captured = this.captured();
    if (!parent)
      return captured || clientHeaders ? { ...NO_ORIGIN, headers: captured, clientHeaders } : NO_ORIGIN;
    return {
      parentId: parent.id,
      rootId: parent.rootId ?? parent.id,
      headers: captured ? { ...parent.headers, ...captured } : parent.headers,
      clientHeaders,
    };
  }

  /** Without what the application's context does not have here. */
  private captured(): Texts | undefined {
    const captured = this.options.context.capture?.();
    if (!captured) return undefined;
    const known = Object.fromEntries(Object.entries(captured).filter(([, value]) => value !== undefined));
    return Object.keys(known).length > 0 ? assertTexts(known, 'context.capture.headers') : undefined;
  }

  /** Whether anything is to be checked beyond its options: most submissions must not wait for it. */
  private looksAt(task: TaskDescription): boolean {
    return task.checked || this.options.unknownQueues === 'refuse' || this.events.wants('submitting');
  }

  /** @throws InvalidArgumentError, InvalidOptionError, or what a listener of `submitting` throws */
  private async check(task: TaskDescription, row: NewTask): Promise<void> {
    if (task.checked) await checkSubmission(task, JSON.parse(row.args) as unknown[]);
    if (this.options.unknownQueues === 'refuse' && !(await this.knowsQueue(row.queue)))
      throw new InvalidOptionError(
        'queue',
        "a queue of forRoot({ queues }), of a task, or one that a worker has taken from (unknownQueues is 'refuse')",
        row.queue,
        'UNKNOWN_QUEUE',
      );
    if (this.events.wants('submitting')) await this.events.ask('submitting', () => beforeSubmission(row));
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

function beforeSubmission({ id, name, queue, args, options }: NewTask) {
  const { headers = {} } = JSON.parse(options ?? '{}') as { headers?: Texts };
  return { id, name, queue, args: JSON.parse(args) as unknown[], headers };
}
