import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { MAX_TIMER_MS } from '../../duration.js';
import { WorkerStartError } from '../../errors.js';
import type { ChildMetrics } from '../../observability/metrics/process-metrics.js';
import type { Stopping } from '../stopping.js';
import type { WorkerPlan } from '../worker-plan.js';
import { ChildHandle, type ChildExit } from './child-handle.js';
import type { Intake, StoreAddress } from './child-messages.js';
import type { LimitedTask } from './limit-watch.js';
import { SupervisorStore } from './supervisor-store.js';

/** After a child that died before it took tasks: doubled with each one in a row, up to the longest. */
const BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;
/** Recycling waits for what runs, however long that takes. */
const FOR_EVER_MS = MAX_TIMER_MS;
/** A child that was told to stop and is still there so long after its grace is blocked: it is killed. */
const STOP_MARGIN_MS = 3000;
const COLD_MARGIN_MS = 1500;
/** A child that is blocked does not answer; another one may. */
const PASSWORD_MS = 2000;

/**
 * Keeps the children of a prefork worker: as many as it should have, each an application of its own that takes tasks
 * by itself. It knows nothing of the application, so that whatever happens in there, it goes on: it replaces children
 * that died, gives their tasks out anew at once, and kills those that run a task past its hard limit.
 */
export class Supervisor {
  private readonly logger = new Logger('Tasks');
  private readonly all = new Set<ChildHandle>();
  /** To be replaced: retired when another one has begun to take tasks. */
  private readonly leaving = new Set<ChildHandle>();
  /** Clearing up after children that have ended. */
  private readonly clearing = new Set<Promise<void>>();
  private opening: Promise<SupervisorStore> | undefined;
  private size: number;
  private startFailures = 0;
  /** What children did that are no more. */
  past = { processed: 0, failures: 0 };
  private backoff: NodeJS.Timeout | undefined;
  private stopping: Promise<void> | undefined;
  private store: SupervisorStore | undefined;
  private asking: Promise<string | undefined> | undefined;

  constructor(
    private readonly plan: WorkerPlan,
    private readonly entry: string,
    private readonly args: readonly string[],
  ) {
    this.size = plan.concurrency;
    const { queues, excludeQueues, purge } = plan;
    this.intake = { queues, excludeQueues, paused: false, logLevel: undefined, purge };
  }

  /** What children take from that start from now on. */
  intake: Intake;
  /** Hears what children tell of their metrics. */
  onMetrics: (metrics: ChildMetrics) => void = () => undefined;
  /** Called once, before the first child takes tasks. */
  beforeTaking: (store: SupervisorStore) => Promise<void> = async () => undefined;

  /** Those that take tasks or are about to; not those that are on their way out. */
  get children(): readonly ChildHandle[] {
    return [...this.all].filter(
      (child) => (child.state === 'starting' || child.state === 'taking') && !this.leaving.has(child),
    );
  }

  /** All that have not ended, also those on their way out. */
  get everyone(): readonly ChildHandle[] {
    return [...this.all];
  }

  /** How many tasks run at once. */
  get slots(): number {
    return this.size * this.plan.concurrencyPerChild;
  }

  get taking(): readonly ChildHandle[] {
    return this.children.filter((child) => child.state === 'taking');
  }

  /** How many children there should be. */
  get processes(): number {
    return this.size;
  }

  get isStopping(): boolean {
    return this.stopping !== undefined;
  }

  /** The database, once a child has said where it is. */
  get storage(): SupervisorStore | undefined {
    return this.store;
  }

  /**
   * Starts one child, and the others when that one takes tasks: what is wrong with the application is said once.
   * @throws WorkerStartError when it ends before
   */
  async start(): Promise<void> {
    const first = this.spawn();
    const exit = await new Promise<ChildExit | undefined>((resolve) => {
      first.once('taking', () => resolve(undefined));
      first.once('exit', resolve);
    });
    if (!exit) return this.fill();
    clearTimeout(this.backoff);
    if (!this.isStopping)
      throw new WorkerStartError(`the first child process could not start: ${describe(exit)}`);
  }

  /** How many children there should be from now on; those too many end when what they run has ended. */
  resize(size: number): void {
    this.size = size;
    const surplus = this.children.length - size;
    if (surplus <= 0) return this.fill();
    const idlest = [...this.children].sort((a, b) => a.running - b.running || b.since - a.since);
    for (const child of idlest.slice(0, surplus)) child.retire(FOR_EVER_MS);
    this.relieve();
  }

  /** Replaces a child: it takes tasks until its replacement does, and ends when what it runs has ended. */
  replace(child: ChildHandle, why: string): void {
    if (this.isStopping || this.leaving.has(child) || child.state !== 'taking') return;
    this.logger.log(`child process ${child.pid} is replaced: ${why}`);
    this.leaving.add(child);
    this.fill();
  }

  /** Replaces all children, one after the other. */
  async restart(why = 'a restart was asked for'): Promise<void> {
    for (const child of this.taking) {
      this.replace(child, why);
      while (this.leaving.has(child) && !this.isStopping) await sleep(50);
    }
  }

  /** Ends a child now, without charging what it runs; tasks past their hard limit end with what is said of them. */
  kill(child: ChildHandle, overdue: readonly LimitedTask[] = []): void {
    child.condemned = [...(child.condemned ?? []), ...overdue];
    child.kill();
  }

  /** Every child finishes what it runs, for at most the grace. May be called twice. */
  stop(stopping: Stopping, graceMs = this.plan.graceMs): Promise<void> {
    return (this.stopping ??= this.end(stopping, graceMs));
  }

  private async end({ hurry, cold }: Stopping, graceMs: number): Promise<void> {
    clearTimeout(this.backoff);
    let killer: NodeJS.Timeout | undefined;
    const killAfter = (ms: number) => {
      clearTimeout(killer);
      killer = setTimeout(
        () => {
          for (const child of this.all) this.kill(child);
        },
        Math.min(ms, FOR_EVER_MS),
      );
    };
    const onHurry = () => {
      for (const child of this.all) child.tell({ kind: 'hurry' });
      killAfter(STOP_MARGIN_MS);
    };
    const onCold = () => {
      for (const child of this.all) child.tell({ kind: 'cold' });
      killAfter(COLD_MARGIN_MS);
    };
    for (const child of this.all) child.retire(graceMs);
    killAfter(graceMs + STOP_MARGIN_MS);
    hurry.addEventListener('abort', onHurry, { once: true });
    cold.addEventListener('abort', onCold, { once: true });
    if (hurry.aborted) onHurry();
    if (cold.aborted) onCold();
    while (this.all.size > 0) await new Promise((resolve) => [...this.all][0]!.once('exit', resolve));
    clearTimeout(killer);
    hurry.removeEventListener('abort', onHurry);
    cold.removeEventListener('abort', onCold);
    await Promise.race([Promise.all(this.clearing), sleep(5000, undefined, { ref: false })]);
  }

  /** Starts what is missing. */
  private fill(): void {
    if (this.isStopping || this.backoff) return;
    while (this.children.length < this.size) this.spawn();
  }

  /** Ends those that leave and have nobody to wait for: as many are on their way as there are to be replaced. */
  private relieve(): void {
    if (this.children.length < this.size) return;
    const starting = this.children.filter((child) => child.state === 'starting').length;
    for (const old of [...this.leaving].slice(0, Math.max(0, this.leaving.size - starting))) {
      this.leaving.delete(old);
      old.retire(FOR_EVER_MS);
    }
  }

  private spawn(): ChildHandle {
    const child = new ChildHandle(this.entry, this.args);
    this.all.add(child);
    child.once('booted', (address) => void this.booted(child, address));
    child.once('taking', () => {
      this.startFailures = 0;
      this.relieve();
    });
    child.once('exhausted', () => {
      child.retire(FOR_EVER_MS);
      this.fill();
    });
    child.on('metrics', (metrics) => this.onMetrics(metrics));
    child.on('overdue', (tasks) => {
      this.logger.warn(
        `child process ${child.pid} is killed: ${tasks.map(({ execution }) => `${execution.name} ${execution.id}`).join(', ')} ran past its time limit`,
      );
      this.kill(child, tasks);
    });
    child.once('exit', (exit) => this.ended(child, exit));
    return child;
  }

  /** A supervisor lives through an outage of the database; its children do too. */
  private async booted(child: ChildHandle, address: StoreAddress): Promise<void> {
    await this.open(address);
    child.tell({ kind: 'take', intake: this.intake });
    this.intake = { ...this.intake, purge: false };
  }

  private open(address: StoreAddress): Promise<SupervisorStore> {
    return (this.opening ??= (async () => {
      const store = new SupervisorStore(address, () => this.password());
      for (;;) {
        try {
          if (!this.store) await store.start();
          this.store = store;
          await this.beforeTaking(store);
          return store;
        } catch (error) {
          this.logger.warn(`the supervisor cannot reach the database: ${(error as Error).message}`);
          await sleep(1000);
        }
      }
    })());
  }

  /** The first child that answers has the password of the moment. */
  private password(): Promise<string | undefined> {
    return (this.asking ??= Promise.any([...this.all].map((child) => child.password(PASSWORD_MS)))
      .catch(() => undefined)
      .finally(() => (this.asking = undefined)));
  }

  private ended(child: ChildHandle, exit: ChildExit): void {
    this.all.delete(child);
    this.leaving.delete(child);
    this.past = {
      processed: this.past.processed + (child.report?.processed ?? 0),
      failures: this.past.failures + (child.report?.failures ?? 0),
    };
    const cleared = this.clearUp(child, exit)
      .catch((error: unknown) =>
        this.logger.error(`clearing up after a child process: ${(error as Error).message}`),
      )
      .finally(() => this.clearing.delete(cleared));
    this.clearing.add(cleared);
    if (child.takingSince === undefined && !child.wasRetiring) this.backOff(child, exit);
    else this.fill();
  }

  private async clearUp(child: ChildHandle, exit: ChildExit): Promise<void> {
    if (child.workerIds.length === 0 || (child.wasRetiring && exit.code === 0)) return;
    const store = await this.opening!;
    if (child.condemned) return store.killed(child.workerIds, child.condemned);
    const how = describe(exit);
    this.logger.warn(`child process ${child.pid} died: ${how}; what it ran is given out anew`);
    await store.lost(child.workerIds, how);
  }

  private backOff(child: ChildHandle, exit: ChildExit): void {
    if (this.isStopping || this.backoff) return;
    const wait = Math.min(LONGEST_BACKOFF_MS, BACKOFF_MS * 2 ** this.startFailures++);
    this.logger.error(
      `child process ${child.pid} could not start: ${describe(exit)}; trying again in ${wait} ms`,
    );
    this.backoff = setTimeout(() => {
      this.backoff = undefined;
      this.fill();
    }, wait);
  }
}

function describe({ code, signal }: ChildExit): string {
  return signal === null ? `its process ended with exit code ${code}` : `its process was killed by ${signal}`;
}
