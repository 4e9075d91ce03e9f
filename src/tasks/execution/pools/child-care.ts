import { Logger } from '@nestjs/common';
import { Periodic } from '../../control/periodic.js';
import type { WorkerPlan } from '../worker-plan.js';
import type { ChildHandle } from './child-handle.js';
import type { Supervisor } from './supervisor.js';

const LOOK_MS = 1000;
/** A child says something every two seconds: one that was silent for so long is blocked by what it runs. */
const SILENT_MS = 5000;

/** Looks after the children of a supervisor: which are to be replaced, and which are blocked. */
export class ChildCare {
  private readonly logger = new Logger('Tasks');
  private readonly periodic = new Periodic('child processes are not looked after', LOOK_MS, () =>
    this.look(),
  );
  private lookedAt = Date.now();
  /** Those whose silence was told of. */
  private readonly silent = new WeakSet<ChildHandle>();

  constructor(
    private readonly supervisor: Supervisor,
    private readonly plan: Pick<WorkerPlan, 'maxMemoryPerChild' | 'maxChildAgeMs'>,
  ) {}

  start(): void {
    this.periodic.start();
  }

  stop(): Promise<void> {
    return this.periodic.stop();
  }

  private async look(): Promise<void> {
    const now = Date.now();
    // it was frozen itself, or the machine was: it has not listened
    if (now - this.lookedAt > SILENT_MS / 2)
      for (const child of this.supervisor.everyone) child.heardAt = now;
    this.lookedAt = now;
    for (const child of this.supervisor.everyone) {
      if (child.takingSince === undefined) continue;
      this.recycle(child, now);
      if (now - child.heardAt > SILENT_MS) await this.lookAtSilent(child, now);
      else this.silent.delete(child);
    }
  }

  private recycle(child: ChildHandle, now: number): void {
    const { maxMemoryPerChild, maxChildAgeMs } = this.plan;
    const memory = Math.round((child.report?.memory ?? 0) / 1024);
    if (maxMemoryPerChild !== undefined && memory > maxMemoryPerChild)
      this.supervisor.replace(child, `it has ${memory} KiB of memory, more than ${maxMemoryPerChild}`);
    else if (maxChildAgeMs !== undefined && now - child.takingSince! > maxChildAgeMs)
      this.supervisor.replace(child, `it is older than ${maxChildAgeMs} ms`);
  }

  /** It cannot hear that its tasks were revoked: when nothing that it holds is to go on, it is killed. */
  private async lookAtSilent(child: ChildHandle, now: number): Promise<void> {
    const held = (await this.supervisor.storage?.heldBy(child.workerIds)) ?? [];
    if (held.every((task) => task.overdue)) {
      this.logger.warn(
        `child process ${child.pid} is killed: it is blocked, and nothing that it runs is to go on`,
      );
      return this.supervisor.kill(child);
    }
    if (this.silent.has(child)) return;
    this.silent.add(child);
    const tasks = held.map(({ name, id }) => `${name} ${id}`);
    this.logger.warn(
      `child process ${child.pid} has been blocked for ${Math.round((now - child.heardAt) / 1000)} s while it runs ${tasks.join(', ')}`,
    );
  }
}
