import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { compare } from '../compare.js';
import { startServer } from './start-server.js';

const TASKS = Number(process.env.BENCH_TASKS ?? 40_000);
const BULK = 1000;
const BAR = 0.95;

/**
 * How fast one worker runs what waits, with and without listeners at another process, in turns: on the stream of all
 * that changes, then each on the stream of a task of its own.
 */
export async function underListeners(
  databaseUrl: string,
  sql: Pool,
  count: number,
  pairs: number,
): Promise<void> {
  const server = await startServer('express', databaseUrl);
  const worker = await startServer('express', databaseUrl, 'worker');
  const post = async (path: string, body?: object) => {
    const response = await fetch(server.url + path, {
      method: 'POST',
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as { ids: string[] };
  };
  const left = async () => {
    const { rows } = await sql.query<{ n: string }>(
      `SELECT count(*) AS n FROM (SELECT FROM celeriac.task WHERE due_at IS NULL LIMIT 1) x`,
    );
    return Number(rows[0]!.n);
  };
  const measure = async () => {
    await post('/tasks/queues/default/pause');
    for (let i = 0; i < TASKS; i += BULK)
      await post('/tasks/bulk', {
        tasks: Array.from({ length: BULK }, (_, k) => ({ name: 'math.add', args: [i, k] })),
      });
    await post('/tasks/queues/default/resume');
    const since = performance.now();
    while ((await left()) > 0) await sleep(20);
    return { rate: TASKS / ((performance.now() - since) / 1000) };
  };
  const listened = (paths: () => Promise<string[]>) => async () => {
    const listeners = new Listeners();
    await listeners.open(server.url, await paths());
    const sample = await measure();
    listeners.close();
    return { ...sample, note: `${listeners.megabytes.toFixed(1)} MB heard` };
  };
  await post('/tasks/bulk', { tasks: [{ name: 'math.add', args: [1, 2] }] });
  const later = Array.from({ length: count }, () => ({
    name: 'math.add',
    args: [1, 1],
    options: { countdown: '1h' },
  }));
  const { ids } = await post('/tasks/bulk', { tasks: later });
  const none = { title: 'without', measure };
  await compare(
    `${count} listeners on all that changes, while a worker runs ${TASKS} tasks`,
    { title: 'with listeners', measure: listened(async () => Array<string>(count).fill('/tasks/events')) },
    none,
    { bar: BAR, pairs },
  );
  await compare(
    `${count} listeners, each on a task of its own`,
    { title: 'with listeners', measure: listened(async () => ids.map((id) => `/tasks/${id}/events`)) },
    none,
    { bar: BAR, pairs },
  );
  await worker.stop();
  await server.stop();
}

/** Connections that read and forget: what is measured is the server's work, not theirs. */
class Listeners {
  private sockets: Socket[] = [];
  private bytes = 0;

  get megabytes(): number {
    return this.bytes / 1e6;
  }

  async open(url: string, paths: readonly string[]): Promise<void> {
    const { hostname, port, host } = new URL(url);
    this.sockets = await Promise.all(
      paths.map(async (path) => {
        const socket = connect(Number(port), hostname);
        await once(socket, 'connect');
        socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`);
        const [head] = (await once(socket, 'data')) as [Buffer];
        if (!head.toString().startsWith('HTTP/1.1 200')) throw new Error(head.toString().slice(0, 200));
        return socket.on('data', (part) => (this.bytes += part.length));
      }),
    );
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
