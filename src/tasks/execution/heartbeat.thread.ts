import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Client } from 'pg';
import { LoopState, monotonicMs } from './health/loop-state.js';
import type { HeartbeatData, HeartbeatEvent, HeartbeatOrder } from './heartbeat.js';

/**
 * The beat lives in a thread with a connection of its own: a handler that blocks the event loop of the process keeps
 * its lease, and a process that is frozen as a whole loses it.
 */
const { statement, burial, leaseMs, beatMs, loop } = workerData as HeartbeatData;
const port = parentPort!;
const tell = (event: HeartbeatEvent) => port.postMessage(event);

let { connection } = workerData as HeartbeatData;
let workerId: string | undefined = (workerData as HeartbeatData).workerId;
/** What was not written yet. */
let report: string | null = (workerData as HeartbeatData).report;
let client: Client | undefined;
const stopped = new AbortController();
let pause = new AbortController();

port.on('message', (order: HeartbeatOrder) => {
  if (order.kind === 'stop') stopped.abort();
  else if (order.kind === 'identity') workerId = order.workerId;
  else if (order.kind === 'connection') connection = order.connection;
  else report = order.report;
  if (order.kind === 'stop' || (order.kind === 'report' && order.now)) pause.abort();
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
  const written = report;
  try {
    const { rowCount } = await (await connected()).query(statement, [id, leaseMs, written]);
    if (report === written) report = null;
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

/** Nothing that runs may still run, and the loop does not turn: nobody but this thread can end the process. */
async function endIfStuck(): Promise<void> {
  if (!loop || workerId === undefined) return;
  const { lastTick, silentUntil } = new LoopState(loop);
  const now = monotonicMs();
  if (silentUntil === 0 || now < silentUntil + leaseMs || now < lastTick + leaseMs) return;
  const how = 'its event loop stood still beyond the hard time limit of everything that it ran';
  writeSync(2, `Celeriac ends this process: ${how}\n`);
  await client?.query(burial, [workerId, how]).catch(() => undefined);
  process.kill(process.pid, 'SIGKILL');
}

while (!stopped.signal.aborted) {
  pause = new AbortController();
  if (workerId !== undefined) await beat(workerId);
  await endIfStuck();
  if (!stopped.signal.aborted)
    await sleep(beatMs, undefined, { signal: pause.signal }).catch(() => undefined);
}
await client?.end().catch(() => undefined);
port.close();
