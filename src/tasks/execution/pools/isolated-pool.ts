import { Logger } from '@nestjs/common';
import type { ClaimedTask } from '../../store/statements/claim.js';
import { TaskAborted } from '../control.js';
import { crashed, released, revoked, stopped, type Outcome } from '../outcome.js';
import type { RunningTask } from '../running-task.js';
import { Isolate, type IsolateKind } from './isolate.js';
import type { IsolatedMessage } from './isolated-messages.js';

/** After one that could not start: its task waits so long, uncharged. */
const START_FAILED_MS = 5000;

export interface IsolatedPoolOptions {
  /** The file that calls `runWorker()`. */
  readonly entry: string;
  /** How many of each kind. */
  readonly size: number;
  readonly maxCrashes: number;
}

/** A task on its way through a thread or process. */
export class IsolatedRun {
  /** Resolves when a thread or process has begun with it. */
  readonly begun: Promise<void>;
  begin = () => {};
  isolate: Isolate | undefined;
  isKilled = false;

  constructor(
    readonly kind: IsolateKind,
    readonly running: RunningTask,
    /** As it is told of it. */
    readonly given: ClaimedTask,
  ) {
    this.begun = new Promise((resolve) => (this.begin = resolve));
  }

  /** Nobody waits for it any more: what runs it is killed. */
  kill(): void {
    this.isKilled = true;
    this.isolate?.kill();
  }
}

/**
 * Threads and processes that run isolated tasks, kept for the next one: an application takes a second to start. Started
 * when they are needed; one that was killed or died is replaced by the next task.
 */
export class IsolatedPool {
  private readonly logger = new Logger('Tasks');
  private readonly all = new Map<Isolate, IsolateKind>();
  private readonly idle: Record<IsolateKind, Isolate[]> = { process: [], thread: [] };
  private readonly waiting: Record<IsolateKind, (() => void)[]> = { process: [], thread: [] };
  private closed = false;

  constructor(private readonly options: IsolatedPoolOptions) {}

  async run(run: IsolatedRun): Promise<Outcome> {
    const { kind, running } = run;
    while (!run.isKilled && !this.hasRoom(kind))
      await new Promise<void>((resolve) => this.waiting[kind].push(resolve));
    if (run.isKilled || running.aborted) {
      // the wake-up was for the next one then
      this.waiting[kind].shift()?.();
      return endedEarly(running);
    }
    run.isolate = this.idle[kind].pop() ?? this.start(kind);
    return this.use(run.isolate, run);
  }

  /** Kills all of them. */
  close(): void {
    this.closed = true;
    for (const isolate of this.all.keys()) isolate.kill();
  }

  private hasRoom(kind: IsolateKind): boolean {
    if (this.closed || this.idle[kind].length > 0) return true;
    return [...this.all.values()].filter((other) => other === kind).length < this.options.size;
  }

  private start(kind: IsolateKind): Isolate {
    const isolate = Isolate.start(kind, this.options.entry);
    this.all.set(isolate, kind);
    isolate.once('exit', () => {
      this.all.delete(isolate);
      this.idle[kind] = this.idle[kind].filter((other) => other !== isolate);
      this.waiting[kind].shift()?.();
    });
    return isolate;
  }

  private use(isolate: Isolate, { kind, running, given, begin }: IsolatedRun): Promise<Outcome> {
    const { task, signal } = running;
    return new Promise<Outcome>((resolve) => {
      const give = () => {
        // while its isolate started
        if (running.aborted) return free(endedEarly(running));
        isolate.tell({ kind: 'run', task: given });
        begin();
      };
      const onMessage = (message: IsolatedMessage) => {
        if (message.kind === 'ready') {
          isolate.isReady = true;
          give();
        } else if (message.id !== task.id) return;
        else if (message.kind === 'progress') running.relayProgress(message.progress);
        else free(message.outcome);
      };
      const onExit = (how: string) => {
        if (isolate.isReady) return done(crashed(task, how, this.options.maxCrashes));
        this.logger.error(`a ${kind} for isolated tasks could not start: ${how}`);
        done({ ...released(), delayMs: START_FAILED_MS } as Outcome);
      };
      const onAbort = () => {
        const { aborted } = running;
        if (aborted instanceof TaskAborted)
          isolate.tell({ kind: 'abort', id: task.id, why: aborted.why, message: aborted.message });
      };
      const free = (outcome: Outcome) => {
        done(outcome);
        this.idle[kind].push(isolate);
        this.waiting[kind].shift()?.();
      };
      const done = (outcome: Outcome) => {
        isolate.off('message', onMessage);
        isolate.off('exit', onExit);
        signal.removeEventListener('abort', onAbort);
        resolve(outcome);
      };
      isolate.on('message', onMessage);
      isolate.once('exit', onExit);
      signal.addEventListener('abort', onAbort);
      if (isolate.isReady) give();
    });
  }
}

/** It was aborted before anything had begun with it. */
function endedEarly({ aborted, task }: RunningTask): Outcome {
  return aborted instanceof TaskAborted && aborted.why === 'revoked' ? revoked() : stopped(task);
}
