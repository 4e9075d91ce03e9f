import { Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { ConnectionSettings } from '../store/connection.js';
import { retrying } from '../store/retrying.js';
import type { Tables } from '../store/tables.js';
import type { TaskStore } from '../store/task-store.js';
import { Heartbeat } from './heartbeat.js';
import type { WorkerReport } from './worker-controls.js';
import type { WorkerInfo } from './worker-info.js';
import { workerName } from './worker-name.js';

export interface WorkerIdentityOptions {
  readonly store: Pick<TaskStore, 'registerWorker' | 'leave'>;
  readonly connection: Pick<ConnectionSettings, 'direct'>;
  readonly tables: Tables;
  readonly leaseMs: number;
  /** See {@link Heartbeat}. */
  readonly loop?: SharedArrayBuffer | undefined;
  /** What its row says of it. */
  describe(): WorkerInfo;
  /** How it is now; kept with each beat. */
  report(): WorkerReport;
  /** The lease was lost: what runs here may run elsewhere by now. */
  onLost(): void;
  /** It has another id from now on. */
  onRenewed?(id: string): void;
}

/** A row in the database with a lease, under which tasks are claimed. Who lost it begins anew under another id. */
export class WorkerIdentity {
  private readonly logger = new Logger('Tasks');
  private readonly heartbeat: Heartbeat;
  private current = uuidv7();
  private left = false;
  private kept = true;

  /** Shown in records and logs; set before its start, if at all. */
  name = workerName('%h-%p');

  constructor(private readonly options: WorkerIdentityOptions) {
    const { connection, tables, leaseMs, loop } = options;
    this.heartbeat = new Heartbeat({
      connection: connection.direct,
      tables,
      leaseMs,
      beatMs: leaseMs / 5,
      loop,
      report: () => options.report(),
      onBuried: (id) => void this.renew(id),
      onDeath: (error) => {
        this.kept = false;
        this.logger.error(`the lease is not kept any more: ${error.message}`);
      },
    });
  }

  get id(): string {
    return this.current;
  }

  /** When the database last heard of it; undefined before the first time. */
  get heardAt(): number | undefined {
    return this.heartbeat.heardAt;
  }

  /** Whether something still sees to the lease. */
  get isKept(): boolean {
    return this.kept;
  }

  async start(): Promise<void> {
    await this.register();
    await this.heartbeat.start(this.id);
  }

  /** Has its row say at once how it is. */
  report(): void {
    this.heartbeat.report(true);
  }

  async stop(): Promise<void> {
    this.left = true;
    await this.heartbeat.stop();
    await this.options.store.leave(this.id).catch(() => undefined);
  }

  private async register(): Promise<void> {
    const { store, leaseMs } = this.options;
    const row = { info: this.options.describe(), status: this.options.report() };
    await store.registerWorker(this.id, this.name, leaseMs, row);
  }

  private async renew(buried: string): Promise<void> {
    if (buried !== this.id || this.left) return;
    this.logger.warn('this worker lost its lease: everything it ran is given to others, and it begins anew');
    this.options.onLost();
    this.current = uuidv7();
    await retrying({ until: Number.POSITIVE_INFINITY }, () => this.register());
    this.heartbeat.rename(this.id);
    this.options.onRenewed?.(this.id);
  }
}
