import { MAX_TIMER_MS } from '../../duration.js';
import type { Execution } from '../../store/statements/claim.js';
import type { Outcome } from '../outcome.js';

/** A task that must not run longer, and what becomes of it when its process has to be killed for that. */
export interface LimitedTask {
  readonly execution: Execution;
  readonly limitMs: number;
  readonly outcome: Outcome;
}

/** A handler that heeds its signal gets this long after its hard limit before its process is killed. */
const KILL_GRACE_MS = 250;

/** Watches over the hard limits of one process from outside of it. One timer, for the next one due. */
export class LimitWatch {
  private readonly tasks = new Map<string, { task: LimitedTask; killAt: number }>();
  private timer: NodeJS.Timeout | undefined;
  private timerAt = Number.POSITIVE_INFINITY;

  constructor(private readonly onOverdue: (tasks: LimitedTask[]) => void) {}

  add(task: LimitedTask): void {
    const killAt = performance.now() + task.limitMs + KILL_GRACE_MS;
    this.tasks.set(task.execution.id, { task, killAt });
    if (killAt < this.timerAt) this.arm(killAt);
  }

  remove(id: string): void {
    this.tasks.delete(id);
  }

  clear(): void {
    this.tasks.clear();
    clearTimeout(this.timer);
    this.timerAt = Number.POSITIVE_INFINITY;
  }

  private arm(at: number): void {
    clearTimeout(this.timer);
    this.timerAt = at;
    this.timer = setTimeout(() => this.look(), Math.min(Math.max(0, at - performance.now()), MAX_TIMER_MS));
  }

  private look(): void {
    this.timerAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const overdue = [...this.tasks.values()].filter(({ killAt }) => killAt <= now);
    for (const { task } of overdue) this.tasks.delete(task.execution.id);
    const next = Math.min(...[...this.tasks.values()].map(({ killAt }) => killAt));
    if (Number.isFinite(next)) this.arm(next);
    if (overdue.length > 0) this.onOverdue(overdue.map(({ task }) => task));
  }
}
