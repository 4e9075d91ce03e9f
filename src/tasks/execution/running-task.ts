import { TaskContext, type RetryRequest } from '../definition/task-context.js';
import type { Texts } from '../definition/texts.js';
import { toMilliseconds, type Duration } from '../duration.js';
import { NotSerializableError, SoftTimeLimitExceededError, TimeLimitExceededError } from '../errors.js';
import type { TaskProgress } from '../store/task-record.entity.js';
import type { ClaimedTask } from '../store/statements/claim.js';
import { assertJson } from '../submission/json.js';
import { RejectControl, RetryControl, SnoozeControl, TaskAborted } from './control.js';
import type { Outcome } from './outcome.js';

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
  readonly startedAt = Date.now();
  /** Made when it is asked for: most handlers never look at their signal. */
  private controller: AbortController | undefined;
  private reason: Error | undefined;
  private softTimer: NodeJS.Timeout | undefined;
  private hardTimer: NodeJS.Timeout | undefined;
  private writtenOff = false;
  /** Set by the runner: takes the outcome of a task whose handler is not waited for. */
  onWriteOff: ((outcome: Outcome) => void) | undefined;

  constructor(
    readonly task: ClaimedTask,
    private readonly onProgress: (running: RunningTask, progress: string) => void,
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
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.reason) this.controller.abort(this.reason);
    }
    return this.controller.signal;
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
      message: message?.slice(0, 500) ?? null,
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

  override snooze(wait: Duration): never {
    throw new SnoozeControl(toMilliseconds(wait, 'snooze'));
  }
}
