import type { ServiceStorage } from './service-storage.js';

/** How the parts are that tasks go through. */
export interface TasksHealth {
  database: { up: true };
  /** `since` is ISO 8601; `reason` says why it cannot be used, or is null. */
  broker: { kind: string; up: boolean; since: string; reason: string | null };
  /** Batches of submissions that the broker has not been told of yet; null where there is nothing to tell. */
  unpublished: { batches: number; oldestMs: number } | null;
}

/** @throws StoreUnavailableError, or what the driver throws, when the database does not answer */
export async function healthOf({
  broker,
  relayStore,
  tables,
}: Pick<ServiceStorage, 'broker' | 'relayStore' | 'tables'>): Promise<TasksHealth> {
  const { batches, ms } = await relayStore.outboxLag();
  const { up, since, reason } = broker.status;
  return {
    database: { up: true },
    broker: { kind: broker.kind, up, since: since.toISOString(), reason },
    unpublished: tables.relayed ? { batches, oldestMs: Math.round(ms) } : null,
  };
}
