import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Client } from 'pg';
import type { HeartbeatData, HeartbeatEvent, HeartbeatOrder } from './heartbeat.js';

/**
 * The beat lives in a thread with a connection of its own: a handler that blocks the event loop of the process keeps
 * its lease, and a process that is frozen as a whole loses it.
 */
const { connection, statement, leaseMs, beatMs } = workerData as HeartbeatData;
const port = parentPort!;
const tell = (event: HeartbeatEvent) => port.postMessage(event);

let workerId: string | undefined = (workerData as HeartbeatData).workerId;
let client: Client | undefined;
const stopped = new AbortController();

port.on('message', (order: HeartbeatOrder) => {
  if (order.kind === 'stop') stopped.abort();
  else workerId = order.workerId;
});

async function connected(): Promise<Client> {
  if (client) return client;
  const fresh = new Client({
    ...connection,
    connectionTimeoutMillis: beatMs,
    query_timeout: Math.max(1000, leaseMs / 3),
  });
  fresh.on('error', () => (client = undefined));
  await fresh.connect();
  return (client = fresh);
}

async function beat(id: string): Promise<void> {
  try {
    const { rowCount } = await (await connected()).query(statement, [id, leaseMs]);
    if (rowCount === 0 && workerId === id) {
      // nothing to keep alive until the process has taken a new identity
      workerId = undefined;
      tell({ kind: 'buried', workerId: id });
    } else tell({ kind: 'beat', workerId: id });
  } catch (error) {
    client?.end().catch(() => undefined);
    client = undefined;
    tell({ kind: 'failed', message: (error as Error).message });
  }
}

while (!stopped.signal.aborted) {
  if (workerId !== undefined) await beat(workerId);
  await sleep(beatMs, undefined, { signal: stopped.signal }).catch(() => undefined);
}
await client?.end().catch(() => undefined);
port.close();
