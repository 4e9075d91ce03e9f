import { TaskContext, type RetryRequest } from '../definition/task-context.js';
import type { TaskLogger } from '../definition/task-logger.js';
import type { Texts } from '../definition/texts.js';
import { toMilliseconds, type Duration } from '../duration.js';
import {
  InvalidOptionError,
  NotSerializableError,
  SignalTimeoutError,
  SoftTimeLimitExceededError,
  TimeLimitExceededError,
} from '../errors.js';
import type { TaskProgress } from '../store/task-record.entity.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import { assertJson } from '../submission/json.js';
import type { Signature } from '../workflow/signature.js';
import type { Step } from '../workflow/step.js';
import {
  RejectControl,
  ReplaceControl,
  RetryControl,
  SnoozeControl,
  TaskAborted,
  WaitControl,
} from './control.js';
import type { Outcome } from './outcome.js';

/** Where running tasks look for signals. */
export interface SignalReader {
  /** Whether it was given to the task or its workflow; otherwise whether an earlier wait for it is over. */
  read(task: ClaimedTask, name: string): Promise<{ given: boolean; payload: string | null; late: boolean }>;
}

/** A claimed task while its handler runs: the context that the handler sees, and the worker's hold on it. */
export class RunningTask extends TaskContext {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly attempt: number;
  readonly retries: number;
  readonly owner: string | null;
  readonly tags: Texts;
  readonly headers: Texts;
  readonly parentId: string | null;
  readonly rootId: string | null;
  readonly groupId: string | null;
  readonly workflowId: string | null;
  /** What the handler adds to its group, should it succeed. */
  readonly additions: Step[] = [];
  readonly startedAt = Date.now();
  /** Made when it is asked for: most handlers never look at their signal. */
  private controller: AbortController | undefined;
  private lines: TaskLogger | undefined;
  private reason: Error | undefined;
  private softTimer: NodeJS.Timeout | undefined;
  private hardTimer: NodeJS.Timeout | undefined;
  private writtenOff = false;
  /** Its handler is done with, and its outcome is on its way to the database. */
  settling: Promise<unknown> | undefined;
  /** Set by the runner: takes the outcome of a task whose handler is not waited for. */
  onWriteOff: ((outcome: Outcome) => void) | undefined;
  /** Set by the runner: called when the handler has returned or thrown. */
  onEnded: (() => void) | undefined;

  constructor(
    readonly task: ClaimedTask,
    private readonly onProgress: (running: RunningTask, progress: string) => void,
    private readonly signals: SignalReader,
    private readonly makeLogger: (running: RunningTask) => TaskLogger,
  ) {
    super();
    this.id = task.id;
    this.name = task.name;
    this.queue = task.queue;
    this.attempt = task.attempt;
    this.retries = task.retries;
    this.owner = task.owner;
    this.tags = task.tags ?? {};
    this.headers = task.options?.headers ?? {};
    this.parentId = task.parent_id;
    this.rootId = task.root_id;
    this.groupId = task.group_id;
    this.workflowId = task.workflow_id;
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.reason) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  get logger(): TaskLogger {
    return (this.lines ??= this.makeLogger(this));
  }

  /** Why it was aborted, if it was. */
  get aborted(): Error | undefined {
    return this.reason;
  }

  /** Aborts the signal after the soft time limit, and after the hard one calls `onExceeded` too. */
  limit(softMs: number | undefined, hardMs: number | undefined, onExceeded: (limitMs: number) => void): void {
    if (softMs !== undefined)
      this.softTimer = setTimeout(() => this.abortWith(new SoftTimeLimitExceededError(softMs)), softMs);
    if (hardMs !== undefined)
      this.hardTimer = setTimeout(() => {
        this.abortWith(new TimeLimitExceededError(hardMs));
        onExceeded(hardMs);
      }, hardMs);
  }

  /** Whether its outcome was decided without its handler. */
  get isWrittenOff(): boolean {
    return this.writtenOff;
  }

  /** Decides its outcome now, whatever its handler still does. */
  writeOff(outcome: Outcome): void {
    if (this.writtenOff || !this.onWriteOff) return;
    this.writtenOff = true;
    this.onWriteOff(outcome);
  }

  abort(why: TaskAborted['why'], message: string): void {
    this.abortWith(new TaskAborted(why, message));
  }

  private abortWith(reason: Error): void {
    if (this.reason) return;
    this.reason = reason;
    this.controller?.abort(reason);
  }

  /** The handler has returned or thrown. */
  ended(): void {
    clearTimeout(this.softTimer);
    clearTimeout(this.hardTimer);
    this.onEnded?.();
  }

  /** Progress that the handler made in another thread or process, JSON. */
  relayProgress(progress: string): void {
    this.onProgress(this, progress);
  }

  override async progress(
    current: number,
    total?: number,
    message?: string,
    detail?: unknown,
  ): Promise<void> {
    for (const [name, value] of [
      ['current', current],
      ['total', total ?? 0],
    ] as const)
      if (typeof value !== 'number' || !Number.isFinite(value))
        throw new NotSerializableError('progress takes finite numbers', name, 'NUMBER_OUT_OF_RANGE');
    if (message !== undefined) assertJson(message, 'message');
    if (detail !== undefined) assertJson(detail, 'detail');
    const progress: TaskProgress = {
      current,
      total: total ?? null,
      percent:
        total === undefined || total <= 0
          ? null
          : Math.min(100, Math.max(0, Math.round((current / total) * 1000) / 10)),
      // the cut may go through a pair
      message: message?.slice(0, 500).toWellFormed() ?? null,
      detail: detail ?? null,
    };
    this.onProgress(this, JSON.stringify(progress));
  }

  override retry(request: RetryRequest = {}): never {
    if (request.countdown !== undefined) toMilliseconds(request.countdown, 'countdown');
    throw new RetryControl(request);
  }

  override reject(reason: string): never {
    throw new RejectControl(reason);
  }

  override addToGroup(...steps: readonly Signature<never, unknown, true>[]): void {
    if (this.groupId === null)
      throw new InvalidOptionError(
        'addToGroup',
        'a task that belongs to a group',
        `${this.name}, which does not`,
      );
    this.additions.push(...steps.map(({ step }) => step));
  }

  override replace({ step }: Signature<never, unknown, true>): never {
    throw new ReplaceControl(step);
  }

  override async waitFor<T>(name: string, { timeout }: { timeout?: Duration | undefined } = {}): Promise<T> {
    const timeoutMs = timeout === undefined ? null : toMilliseconds(timeout, 'timeout');
    const { payload, given, late } = await this.signals.read(this.task, name);
    if (given) return (payload === null ? null : JSON.parse(payload)) as T;
    if (late) throw new SignalTimeoutError(name);
    throw new WaitControl(name, timeoutMs);
  }

  override snooze(wait: Duration): never {
    throw new SnoozeControl(toMilliseconds(wait, 'snooze'));
  }
}
