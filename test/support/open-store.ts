import { randomUUID } from 'node:crypto';
import { Database } from '#dist/tasks/store/database.js';
import { connectionSettings } from '#dist/tasks/store/connection.js';
import { tablesOf } from '#dist/tasks/store/tables.js';
import { TaskStore } from '#dist/tasks/store/task-store.js';

export interface OpenStore {
  readonly store: TaskStore;
  /** Ids of workers that may claim and run nothing. */
  readonly workers: readonly string[];
  readonly database: Database;
  close(): Promise<void>;
}

/** The store alone, on a database that is migrated already. */
export async function openStore(url: string, workerCount: number): Promise<OpenStore> {
  const database = new Database(connectionSettings({ type: 'postgres', url }, undefined));
  const store = new TaskStore(database, tablesOf('celeriac'));
  const workers = Array.from({ length: workerCount }, () => randomUUID());
  for (const id of workers) await store.registerWorker(id, id, 600_000, { info: {}, status: {} });
  return { store, workers, database, close: () => database.close() };
}
