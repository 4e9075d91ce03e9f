import type { ClientConfig } from 'pg';
import { Dependents } from '../../control/dependents.js';
import { rescueLost, type RescueOptions } from '../../control/rescue-lost.js';
import type { TaskEventMap } from '../../events/task-events.js';
import { DatabaseGauges } from '../../observability/metrics/database-gauges.js';
import type { ConnectionSettings } from '../../store/connection.js';
import { CommandStore } from '../../store/command-store.js';
import { Database } from '../../store/database.js';
import { InsertStore } from '../../store/insert-store.js';
import { retrying } from '../../store/retrying.js';
import { tablesOf } from '../../store/tables.js';
import { TaskChannel } from '../../store/task-channel.js';
import type { ReadyBatch } from '../../store/ready-batch.js';
import type { HeldTask } from '../../store/statements/worker-lease.js';
import { TaskStore } from '../../store/task-store.js';
import { WorkflowStore } from '../../store/workflow-store.js';
import { stopped } from '../outcome.js';
import { Settler } from '../settler.js';
import type { StoreAddress } from './child-messages.js';
import type { LimitedTask } from './limit-watch.js';

/**
 * As much of the database as a supervisor needs to clear up after its children, without the application and without a
 * broker: what becomes ready is published from the outbox by any process that has one.
 */
export class SupervisorStore {
  readonly store: TaskStore;
  readonly channel: TaskChannel;
  readonly commands: CommandStore;
  /** How it stands with all processes, for metrics. */
  readonly gauges: DatabaseGauges;
  readonly connection: ConnectionSettings;
  /** Hears of attempts that a child took along. */
  onLost: (name: string, queue: string) => void = () => undefined;
  private readonly database: Database;
  private readonly dependents: Dependents;
  private readonly relay = {
    send: ({ tasks }: ReadyBatch) => this.channel.ready(new Set(tasks.map((task) => task.queue))),
  };

  /** @param password what the application gives as password now; undefined when nobody answers */
  constructor(
    readonly address: StoreAddress,
    password: () => Promise<string | undefined>,
  ) {
    const { schema, relayed } = address;
    const connection = (this.connection = address.passwordChanges
      ? withPassword(address.connection, password)
      : address.connection);
    this.database = new Database(connection);
    const tables = tablesOf(schema, relayed);
    this.store = new TaskStore(this.database, tables);
    this.commands = new CommandStore(this.database, tables);
    this.channel = new TaskChannel(connection, schema);
    this.gauges = new DatabaseGauges(this.database, tables, () => address.tasks.map((task) => task.queue));
    const workflows = new WorkflowStore(this.database, tables, new InsertStore(this.database, tables));
    this.dependents = new Dependents({ workflows, relay: this.relay, channel: this.channel });
  }

  start(): Promise<void> {
    return this.channel.start();
  }

  async stop(): Promise<void> {
    await this.channel.stop();
    await this.database.close();
  }

  /** It ended by itself: its tasks were lost, and are given out anew at once. */
  async lost(workerIds: readonly string[], how: string): Promise<void> {
    const { store, channel, relay, dependents } = this;
    const { maxCrashes } = this.address;
    const events: RescueOptions['events'] = {
      emit: (_lost, make) => {
        const { name, queue } = make() as TaskEventMap['lost'];
        this.onLost(name, queue);
      },
    };
    await forEver(async () => {
      for (const workerId of workerIds) await store.died(workerId, how);
      await rescueLost({ store, channel, relay, dependents, events, maxCrashes });
    });
  }

  /** It was killed for tasks past their limit: these end, or are retried; what ran beside them is given back uncharged. */
  async killed(workerIds: readonly string[], overdue: readonly LimitedTask[]): Promise<void> {
    const outcomes = new Map(
      overdue.map(({ execution, outcome }) => [execution.fence + execution.id, outcome]),
    );
    for (const workerId of workerIds) {
      const settler = new Settler(this.store, this.relay, this.channel, () => workerId, this.dependents);
      const held = await forEver(() => this.store.heldBy(workerId));
      await Promise.all(
        held.map((row) => settler.settle(row, outcomes.get(row.fence + row.id) ?? stopped(row), null)),
      );
      await settler.stop();
      await forEver(() => this.store.leave(workerId));
    }
  }

  /** What a child holds by the database's word. */
  async heldBy(workerIds: readonly string[]): Promise<HeldTask[]> {
    return (await Promise.all(workerIds.map((workerId) => this.store.heldBy(workerId)))).flat();
  }

  /** How many tasks could be taken now, counted up to `atMost`. */
  async backlog(
    queues: readonly string[] | undefined,
    exclude: readonly string[],
    atMost: number,
  ): Promise<number> {
    const known = await this.store.knownQueues();
    let backlog = 0;
    for (const { name, paused } of known)
      if (!paused && (queues?.includes(name) ?? true) && !exclude.includes(name) && backlog < atMost)
        backlog += await this.store.countReady(name, atMost - backlog);
    return backlog;
  }
}

/** What was known at the start is better than nothing. */
function withPassword(
  { statements, direct, pooled }: ConnectionSettings,
  password: () => Promise<string | undefined>,
): ConnectionSettings {
  const asking = (config: ClientConfig): ClientConfig => ({
    ...config,
    password: async () => (await password()) ?? (config.password as string),
  });
  return { statements: asking(statements), direct: asking(direct), pooled };
}

function forEver<T>(work: () => Promise<T>): Promise<T> {
  return retrying({ until: Number.POSITIVE_INFINITY }, work);
}
