import { registeredIn } from '../../definition/registered-tasks.js';
import type { TaskRegistry } from '../../definition/task-registry.js';
import type { Storage } from '../../store/storage.js';
import { cloneable } from '../heartbeat.js';
import { describeSettings, type WorkerSettings } from '../worker.options.js';
import type { StoreAddress } from './child-messages.js';

/** What another process needs to reach the database of this one, and to speak for its worker. */
export async function addressOf(
  { connection, schema, tables, broker }: Pick<Storage, 'connection' | 'schema' | 'tables' | 'broker'>,
  settings: WorkerSettings,
  registry: TaskRegistry,
): Promise<StoreAddress> {
  return {
    schema,
    leaseMs: settings.leaseMs,
    maxCrashes: settings.maxCrashes,
    broker: broker.kind,
    timezone: settings.timezone,
    tasks: registeredIn(registry),
    conf: describeSettings(settings),
    relayed: tables.relayed,
    passwordChanges: typeof connection.statements.password === 'function',
    connection: {
      statements: await cloneable(connection.statements),
      direct: await cloneable(connection.direct),
      pooled: connection.pooled,
    },
  };
}
