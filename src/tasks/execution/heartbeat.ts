import { once } from 'node:events';
import { Worker as Thread } from 'node:worker_threads';
import type { ClientConfig } from 'pg';
import { beat } from '../store/statements/worker-lease.js';
import type { Tables } from '../store/tables.js';

export interface HeartbeatData {
  readonly connection: ClientConfig;
  readonly statement: string;
  readonly workerId: string;
  readonly leaseMs: number;
  readonly beatMs: number;
}
export type HeartbeatOrder =
  { readonly kind: 'stop' } | { readonly kind: 'identity'; readonly workerId: string };
export type HeartbeatEvent =
  | { readonly kind: 'beat' | 'buried'; readonly workerId: string }
  | { readonly kind: 'failed'; readonly message: string };

export interface HeartbeatOptions {
  readonly connection: ClientConfig;
  readonly tables: Tables;
  readonly leaseMs: number;
  readonly beatMs: number;
  /** The lease was lost: everything that runs here belongs to others now. */
  onBuried(workerId: string): void;
  /** The thread itself ended, which it never should. */
  onDeath(error: Error): void;
}

/** The worker's lease, kept by a thread. */
export class Heartbeat {
  private thread: Thread | undefined;
  private stopping = false;

  constructor(private readonly options: HeartbeatOptions) {}

  async start(workerId: string): Promise<void> {
    const { connection, tables, leaseMs, beatMs } = this.options;
    const data: HeartbeatData = {
      connection: await cloneable(connection),
      statement: beat(tables).text,
      workerId,
      leaseMs,
      beatMs,
    };
    const thread = new Thread(new URL('./heartbeat.thread.js', import.meta.url), { workerData: data });
    thread.unref();
    thread.on('message', (event: HeartbeatEvent) => {
      if (event.kind === 'buried') this.options.onBuried(event.workerId);
    });
    thread.on('error', (error) => this.options.onDeath(error));
    thread.on('exit', () => {
      if (!this.stopping) this.options.onDeath(new Error('the heartbeat thread ended'));
    });
    this.thread = thread;
  }

  /** Goes on under a new identity. */
  rename(workerId: string): void {
    this.order({ kind: 'identity', workerId });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const { thread } = this;
    if (!thread) return;
    this.thread = undefined;
    const exited = once(thread, 'exit');
    thread.ref();
    thread.postMessage({ kind: 'stop' } satisfies HeartbeatOrder);
    // a thread that hangs on a dead connection is not worth waiting for
    const timer = setTimeout(() => void thread.terminate(), 1000);
    await exited;
    clearTimeout(timer);
  }

  private order(order: HeartbeatOrder): void {
    this.thread?.postMessage(order);
  }
}

/** Threads receive copies: functions cannot go along, so a password function is asked here, once. */
async function cloneable(connection: ClientConfig): Promise<ClientConfig> {
  const { password, ssl, ...rest } = connection;
  const plain: ClientConfig = Object.fromEntries(
    Object.entries(rest).filter(([, value]) => typeof value !== 'function'),
  );
  if (password !== undefined) plain.password = typeof password === 'function' ? await password() : password;
  if (typeof ssl === 'object')
    plain.ssl = Object.fromEntries(Object.entries(ssl).filter(([, value]) => typeof value !== 'function'));
  else if (ssl !== undefined) plain.ssl = ssl;
  return plain;
}
