import type { TaskEventBus } from '../events/event-bus.js';
import type { TaskEventName } from '../events/task-events.js';
import type { Outcome } from './outcome.js';
import type { RunningTask } from './running-task.js';
import type { Settled } from './settler.js';

/** Tells of what happens in a worker. Makes nothing while nobody listens. */
export class Announcer {
  /** Handlers that have ended since the start, however. */
  processed = 0;
  /** Tasks that have failed for good. */
  failures = 0;

  constructor(
    private readonly events: TaskEventBus,
    private readonly worker: () => string,
    private readonly workerId: () => string,
  ) {}

  online(queues: readonly string[], concurrency: number): void {
    this.events.emit('worker-online', () => ({ ...this.who(), queues, concurrency }));
  }

  heartbeat(active: number): void {
    const { processed } = this;
    this.events.emit('worker-heartbeat', () => ({ ...this.who(), active, processed }));
  }

  stopping(): void {
    this.events.emit('worker-stopping', () => this.who());
  }

  offline(): void {
    this.events.emit('worker-offline', () => this.who());
  }

  started(running: RunningTask): void {
    const { name, queue, startedAt, task } = running;
    this.events.observer?.started(name, queue, Math.max(0, startedAt - Date.parse(task.ready_at)));
    this.events.emit('received', () => this.attempt(running));
    this.events.emit('started', () => this.attempt(running));
  }

  ended(running: RunningTask): void {
    this.processed++;
    this.events.emit('ended', () => this.end(running));
  }

  settled(running: RunningTask, outcome: Outcome, settled: Settled): void {
    if (settled === 'FAILURE') this.failures++;
    const name = nameOf(outcome, settled);
    if (!name) return;
    this.observe(running, outcome, name);
    if (name === 'revoked') this.events.emit(name, () => ({ ...this.end(running), reason: 'revoked' }));
    if (!this.events.wants(name)) return;
    const { error } = outcome;
    const end = this.end(running);
    if (name === 'succeeded') {
      const { result } = outcome as { result: string | null };
      this.events.emit(name, () => ({
        ...end,
        result: result === null ? null : (JSON.parse(result) as unknown),
      }));
    } else if (outcome.kind === 'defer') {
      const { delayMs } = outcome;
      if (name === 'retried') this.events.emit(name, () => ({ ...end, error: error!, delayMs }));
      else if (name === 'snoozed') this.events.emit(name, () => ({ ...end, delayMs }));
      else if (name === 'released' || name === 'unknown') this.events.emit(name, () => end);
    } else if (name === 'failed' || name === 'rejected')
      this.events.emit(name, () => ({ ...end, error: error! }));
  }

  private observe(running: RunningTask, outcome: Outcome, event: TaskEventName): void {
    const { observer } = this.events;
    if (!observer) return;
    const { id, name, queue } = running;
    const counter = event === 'rejected' ? 'failed' : event;
    if (counter === 'succeeded' || counter === 'failed' || counter === 'retried')
      observer.ended(counter, name, queue, Date.now() - running.startedAt);
    if (counter === 'failed' && outcome.error) observer.failure(id, name, outcome.error);
  }

  private who() {
    return { worker: this.worker(), workerId: this.workerId() };
  }

  private attempt({ id, name, queue, attempt }: RunningTask) {
    return { id, name, queue, attempt, worker: this.worker() };
  }

  private end(running: RunningTask) {
    return { ...this.attempt(running), runtimeMs: Date.now() - running.startedAt };
  }
}

/** Undefined when the outcome was refused. */
function nameOf(outcome: Outcome, settled: Settled): TaskEventName | undefined {
  switch (settled) {
    case 'fenced':
      return undefined;
    case 'SUCCESS':
      return 'succeeded';
    case 'REVOKED':
      return 'revoked';
    case 'FAILURE':
      return outcome.error?.name === 'TaskRejectedError' ? 'rejected' : 'failed';
    default:
      return outcome.kind === 'defer' && outcome.outcome in DEFERRED
        ? (outcome.outcome as keyof typeof DEFERRED)
        : undefined;
  }
}

const DEFERRED = { retried: true, snoozed: true, released: true, unknown: true };
