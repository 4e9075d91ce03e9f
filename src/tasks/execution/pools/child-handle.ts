import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { ChildMetrics } from '../../observability/metrics/process-metrics.js';
import type { WorkerReport } from '../worker-controls.js';
import type { ChildMessage, ChildOrder, StoreAddress } from './child-messages.js';
import { LimitWatch, type LimitedTask } from './limit-watch.js';
import { execArgvFor } from './role.js';

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildEvents {
  booted: [store: StoreAddress];
  taking: [];
  exhausted: [];
  metrics: [metrics: ChildMetrics];
  password: [password: string];
  /** A task is past its hard limit, and its handler still runs. */
  overdue: [tasks: LimitedTask[]];
  exit: [exit: ChildExit];
}

/** 'retiring': it takes nothing more, and ends when what it runs has ended. */
export type ChildState = 'starting' | 'taking' | 'retiring' | 'gone';

/** A child process of a prefork worker, as its supervisor sees it. */
export class ChildHandle extends EventEmitter<ChildEvents> {
  readonly pid: number;
  readonly since = Date.now();
  /** When it began to take tasks. */
  takingSince: number | undefined;
  /** The ids that it has taken tasks under, the newest last. */
  readonly workerIds: string[] = [];
  state: ChildState = 'starting';
  /** What it last said of itself. */
  report: WorkerReport | undefined;
  /** When it last said anything. */
  heardAt = Date.now();
  /** Set when it is being killed: the tasks that are the reason, if any. */
  condemned: readonly LimitedTask[] | undefined;
  /** Whether it was told to end, or said that it would. */
  wasRetiring = false;
  private readonly process: ChildProcess;
  private readonly limits = new LimitWatch((tasks) => this.emit('overdue', tasks));

  /** @param entry the application's entry file */
  constructor(entry: string, args: readonly string[]) {
    super();
    this.process = fork(entry, [...args], { execArgv: execArgvFor('child'), serialization: 'advanced' });
    this.pid = this.process.pid ?? 0;
    this.process.on('message', (message: ChildMessage) => this.hear(message));
    const gone = (code: number | null, signal: NodeJS.Signals | null) => {
      this.state = 'gone';
      this.limits.clear();
      this.emit('exit', { code, signal });
    };
    // one that could not be started does not end either
    this.process.on('error', () => this.process.pid === undefined && gone(null, null));
    this.process.once('exit', gone);
  }

  /** How many tasks it runs, by what it last said. */
  get running(): number {
    return this.report?.running ?? 0;
  }

  /** Takes nothing more, and ends by itself. May be called again. */
  retire(graceMs: number): void {
    if (this.state === 'gone') return;
    this.state = 'retiring';
    this.wasRetiring = true;
    this.tell({ kind: 'stop', graceMs });
  }

  tell(order: ChildOrder): void {
    if (this.process.connected) this.process.send(order, () => undefined);
  }

  /**
   * The password of the database, as its application gives it now.
   * @throws AbortError when it does not answer in time
   */
  async password(withinMs: number): Promise<string> {
    const answer = once(this, 'password', { signal: AbortSignal.timeout(withinMs) });
    this.tell({ kind: 'password' });
    return ((await answer) as [string])[0];
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  private hear(message: ChildMessage): void {
    this.heardAt = Date.now();
    switch (message.kind) {
      case 'booted':
        return void this.emit('booted', message.store);
      case 'taking':
        this.workerIds.push(message.workerId);
        if (this.state !== 'starting') return;
        this.state = 'taking';
        this.takingSince = Date.now();
        return void this.emit('taking');
      case 'status':
        this.report = message.report;
        return;
      case 'metrics':
        return void this.emit('metrics', message.metrics);
      case 'password':
        return void this.emit('password', message.password);
      case 'limited':
        return this.limits.add(message);
      case 'ended':
        return this.limits.remove(message.id);
      case 'exhausted':
        this.emit('exhausted');
    }
  }
}
