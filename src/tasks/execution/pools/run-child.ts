import { Logger, type INestApplicationContext } from '@nestjs/common';
import { ProcessMetrics } from '../../observability/metrics/process-metrics.js';
import { retrying } from '../../store/retrying.js';
import type { LimitedRun } from '../runner.js';
import { purgeWaiting } from '../purge-waiting.js';
import { EXIT_FAILED, EXIT_STOPPED, StopControl } from '../stopping.js';
import type { WorkerPlan } from '../worker-plan.js';
import { Worker } from '../worker.js';
import type { ChildControls, ChildMessage, ChildOrder, Intake } from './child-messages.js';

const STATUS_MS = 2000;

/**
 * A child of a prefork worker: a worker of its own that a supervisor starts, watches and ends. Signals that a terminal
 * or a service manager sends to the whole group are the supervisor's to heed; SIGTERM to this process alone retires it.
 */
export async function runChild(
  boot: () => Promise<INestApplicationContext>,
  plan: WorkerPlan,
): Promise<INestApplicationContext> {
  const child = new Child(plan);
  process.on('SIGINT', () => undefined);
  process.on('SIGQUIT', () => undefined);
  process.on('SIGTERM', () => child.retire());
  process.on('message', (order: ChildOrder) => void child.obey(order).catch(fail));
  // without its supervisor nobody would end it at a time limit, nor replace it
  process.once('disconnect', () => void child.stop(plan.graceMs));
  return child.boot(boot);
}

class Child {
  private readonly control = new StopControl();
  private context: INestApplicationContext | undefined;
  private stopping: Promise<void> | undefined;

  constructor(private readonly plan: WorkerPlan) {}

  async boot(boot: () => Promise<INestApplicationContext>): Promise<INestApplicationContext> {
    const context = (this.context = await boot());
    tell({ kind: 'booted', store: await this.worker!.address() });
    return context;
  }

  async obey(order: ChildOrder): Promise<void> {
    switch (order.kind) {
      case 'take':
        return this.take(order.intake);
      case 'stop':
        return this.stop(order.graceMs);
      case 'hurry':
        return this.control.hurryUp();
      case 'cold':
        return this.control.coldStop();
      case 'password':
        return this.tellPassword();
      case 'control': {
        const controls = this.worker?.controls as Record<
          keyof ChildControls,
          (...args: unknown[]) => unknown
        >;
        // the database may be away for a while
        await retrying({ until: Number.POSITIVE_INFINITY }, async () =>
          controls?.[order.method](...order.args),
        );
      }
    }
  }

  private get worker(): Worker | undefined {
    return this.context?.get(Worker, { strict: false });
  }

  private async take({ queues, excludeQueues, paused, logLevel, purge }: Intake): Promise<void> {
    const { concurrencyPerChild, maxTasksPerChild, isolates, name, limits, beat } = this.plan;
    const worker = this.worker;
    if (!worker || this.stopping) return;
    if (logLevel) worker.controls.logLevel(logLevel);
    if (paused) worker.controls.pause();
    if (purge) await purgeWaiting(this.context!, { queues, excludeQueues }, worker.name);
    await worker.start({
      name: name.includes('%p') ? name : `${name}-%p`,
      limits,
      beat,
      queues,
      excludeQueues,
      concurrency: concurrencyPerChild,
      isolates,
      entry: process.argv[1],
      child: {
        supervisor: process.ppid,
        maxTasks: maxTasksPerChild,
        onExhausted: () => this.retire(),
        onIdentity: (workerId) => tell({ kind: 'taking', workerId }),
        overseer: {
          begun: (limited) => limited && tell(limitedTask(limited)),
          ended: (task) => task && tell({ kind: 'ended', id: task.id }),
        },
      },
    });
    this.tellMetrics();
    setInterval(() => {
      tell({ kind: 'status', report: worker.controls.report() });
      this.tellMetrics();
    }, STATUS_MS);
  }

  private tellMetrics(): void {
    const metrics = this.context?.get(ProcessMetrics, { strict: false }).tell();
    if (metrics) tell({ kind: 'metrics', metrics });
  }

  /** Not at all when the application's function fails, as it may for a while. */
  private async tellPassword(): Promise<void> {
    const address = await this.worker?.address().catch(() => undefined);
    const password = address?.connection.statements.password;
    if (typeof password === 'string') tell({ kind: 'password', password });
  }

  /** Takes nothing more, and says so: the supervisor starts another one, and tells how long this one may go on. */
  retire(): void {
    if (!this.stopping) tell({ kind: 'exhausted' });
  }

  stop(graceMs: number): Promise<void> {
    // who was to retire has all the time there is; who is told again has less
    if (this.stopping) setTimeout(() => this.control.hurryUp(), graceMs).unref();
    return (this.stopping ??= this.end(graceMs));
  }

  private async end(graceMs: number): Promise<void> {
    const { hurry, cold } = this.control;
    try {
      await this.worker?.stop(graceMs, hurry, cold);
      this.tellMetrics();
      await this.context?.close();
      process.exit(EXIT_STOPPED);
    } catch {
      process.exit(EXIT_FAILED);
    }
  }
}

function limitedTask({ task, limitMs, outcome }: LimitedRun): ChildMessage {
  const { id, fence, dispatch, name, options, flags } = task;
  return {
    kind: 'limited',
    execution: { id, fence, dispatch, name, options, flags },
    limitMs,
    outcome: outcome(),
  };
}

/** The supervisor may be gone: then this process is about to end too. */
function tell(message: ChildMessage): void {
  if (process.connected) process.send!(message, () => undefined);
}

/** Nest has said why, or the log of the task has. */
function fail(error: unknown): never {
  new Logger('Tasks').error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return process.exit(EXIT_FAILED);
}
