import { loadavg } from 'node:os';
import type { LogLevel } from '@nestjs/common';
import type { AutoscaleBounds } from '../autoscaler.js';
import { overrideLogLevel } from '../log-level.js';
import {
  ControlRefusedError,
  type ActiveTask,
  type WorkerControls,
  type WorkerReport,
} from '../worker-controls.js';
import type { WorkerIdentity } from '../worker-identity.js';
import type { ChildControls, ChildOrder } from './child-messages.js';
import type { Supervisor } from './supervisor.js';

/** Controls of a prefork worker: what concerns tasks is handed to its children, those of later too. */
export class PreforkControls implements WorkerControls {
  /** Queues that it was told to take from: its children say so later. */
  private readonly added = new Set<string>();

  constructor(
    private readonly supervisor: Supervisor,
    private readonly identity: WorkerIdentity,
    private readonly scale: (bounds: AutoscaleBounds) => void,
  ) {}

  get id(): string {
    return this.identity.id;
  }

  get name(): string {
    return this.identity.name;
  }

  report(): WorkerReport {
    const { supervisor } = this;
    const { queues, excludeQueues, paused } = supervisor.intake;
    const reports = supervisor.everyone.map((child) => child.report);
    const sum = (field: 'running' | 'processed' | 'failures' | 'memory') =>
      reports.reduce((total, report) => total + (report?.[field] ?? 0), 0);
    return {
      pool: 'prefork',
      slots: supervisor.slots,
      running: sum('running'),
      processed: supervisor.past.processed + sum('processed'),
      failures: supervisor.past.failures + sum('failures'),
      queues: queues ?? this.allQueues(reports.find((report) => report)?.queues ?? []),
      all: queues === undefined,
      cancelled: excludeQueues,
      paused,
      load: loadavg()[0]!,
      memory: process.memoryUsage.rss() + sum('memory'),
      eventLoopLagMs: Math.max(0, ...reports.map((report) => report?.eventLoopLagMs ?? 0)),
      children: supervisor.everyone.map(({ pid, running }) => ({ pid, running })),
    };
  }

  private allQueues(reported: readonly string[]): string[] {
    const { excludeQueues } = this.supervisor.intake;
    return [...new Set([...reported, ...this.added])].filter((queue) => !excludeQueues.includes(queue));
  }

  /** By the database's word: a child that is blocked cannot say. */
  async active(): Promise<ActiveTask[]> {
    const { storage, everyone } = this.supervisor;
    if (!storage) return [];
    const now = Date.now();
    const lists = await Promise.all(
      everyone.map(async ({ pid, workerIds }) =>
        (await storage.heldBy(workerIds)).map(
          ({ id, name, queue, attempt, started_at, revoked }): ActiveTask => ({
            id,
            name,
            queue,
            attempt,
            startedAt: new Date(started_at).toISOString(),
            runtimeMs: Math.max(0, now - Date.parse(started_at)),
            ending: revoked,
            pid,
          }),
        ),
      ),
    );
    return lists.flat();
  }

  /** Children take a task only when they run it. */
  reserved(): ActiveTask[] {
    return [];
  }

  async addQueue(queue: string): Promise<void> {
    await this.supervisor.storage?.store.knowQueues([queue]);
    const { intake } = this.supervisor;
    this.supervisor.intake = {
      ...intake,
      queues: intake.queues && [...new Set([...intake.queues, queue])],
      excludeQueues: intake.excludeQueues.filter((name) => name !== queue),
    };
    this.added.add(queue);
    this.tellAll('addQueue', queue);
  }

  async cancelQueue(queue: string): Promise<void> {
    const { intake } = this.supervisor;
    this.supervisor.intake = {
      ...intake,
      queues: intake.queues?.filter((name) => name !== queue),
      excludeQueues: [...new Set([...intake.excludeQueues, queue])],
    };
    this.added.delete(queue);
    this.tellAll('cancelQueue', queue);
  }

  resize(by: number): number {
    const { processes } = this.supervisor;
    const size = processes + by;
    if (size < 1)
      throw new ControlRefusedError(
        `it has ${processes} child processes: no more than ${processes - 1} can go`,
      );
    this.supervisor.resize(size);
    return size;
  }

  autoscale(bounds: AutoscaleBounds): void {
    this.scale(bounds);
  }

  restartPool(): void {
    void this.supervisor.restart();
  }

  pause(): void {
    this.supervisor.intake = { ...this.supervisor.intake, paused: true };
    this.tellAll('pause');
  }

  resume(): void {
    this.supervisor.intake = { ...this.supervisor.intake, paused: false };
    this.tellAll('resume');
  }

  logLevel(level: LogLevel): void {
    this.supervisor.intake = { ...this.supervisor.intake, logLevel: level };
    overrideLogLevel(level);
    this.tellAll('logLevel', level);
  }

  shutdown(): void {
    // as a signal would, on every platform
    process.emit('SIGTERM', 'SIGTERM');
  }

  private tellAll<Method extends keyof ChildControls>(
    method: Method,
    ...args: Parameters<ChildControls[Method]>
  ): void {
    for (const child of this.supervisor.everyone) child.tell({ kind: 'control', method, args } as ChildOrder);
  }
}
