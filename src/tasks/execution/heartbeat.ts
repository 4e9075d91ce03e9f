import { once } from 'node:events';
import { Worker as Thread } from 'node:worker_threads';
import type { ClientConfig } from 'pg';
import { beat, died } from '../store/statements/worker-lease.js';
import type { Tables } from '../store/tables.js';

export interface HeartbeatData {
  readonly connection: ClientConfig;
  readonly statement: string;
  readonly burial: string;
  readonly workerId: string;
  readonly leaseMs: number;
  readonly beatMs: number;
  /** JSON of what the worker says of itself. */
  readonly report: string;
  /** See `LoopState`. */
  readonly loop: SharedArrayBuffer | undefined;
}
export type HeartbeatOrder =
  | { readonly kind: 'stop' }
  | { readonly kind: 'identity'; readonly workerId: string }
  | { readonly kind: 'connection'; readonly connection: ClientConfig }
  /** @param now whether to beat at once */
  | { readonly kind: 'report'; readonly report: string; readonly now: boolean };
export type HeartbeatEvent =
  | { readonly kind: 'beat' | 'buried'; readonly workerId: string }
  | { readonly kind: 'failed'; readonly message: string };

export interface HeartbeatOptions {
  readonly connection: ClientConfig;
  readonly tables: Tables;
  readonly leaseMs: number;
  readonly beatMs: number;
  /** What the worker says of itself: goes along with each beat. */
  report(): object;
  /**
   * What the thread may know of the main event loop (`LoopState`): it ends the process when everything that runs is
   * past its hard limit, and the loop has stood still for another lease.
   */
  readonly loop?: SharedArrayBuffer | undefined;
  /** The lease was lost: everything that runs here belongs to others now. */
  onBuried(workerId: string): void;
  /** The thread itself ended, which it never should. */
  onDeath(error: Error): void;
}

/** The worker's lease, kept by a thread. */
export class Heartbeat {
  private thread: Thread | undefined;
  private reports: NodeJS.Timeout | undefined;
  private stopping = false;
  private heard: number | undefined;

  constructor(private readonly options: HeartbeatOptions) {}

  /** When the database last heard of it, in ms since the epoch. */
  get heardAt(): number | undefined {
    return this.heard;
  }

  /** The worker is registered by now. */
  async start(workerId: string): Promise<void> {
    this.heard = Date.now();
    const { connection, tables, leaseMs, beatMs, loop } = this.options;
    const data: HeartbeatData = {
      connection: await cloneable(connection),
      statement: beat(tables).text,
      burial: died(tables).text,
      workerId,
      leaseMs,
      beatMs,
      report: JSON.stringify(this.options.report()),
      loop,
    };
    const thread = new Thread(new URL('./heartbeat.thread.js', import.meta.url), { workerData: data });
    thread.unref();
    thread.on('message', (event: HeartbeatEvent) => {
      if (event.kind === 'beat') this.heard = Date.now();
      if (event.kind === 'buried') this.options.onBuried(event.workerId);
      if (event.kind === 'failed') void this.renewPassword().catch(() => undefined);
    });
    thread.on('error', (error) => this.options.onDeath(error));
    thread.on('exit', () => {
      this.thread = undefined;
      if (!this.stopping) this.options.onDeath(new Error('the heartbeat thread ended'));
    });
    this.thread = thread;
    this.reports = setInterval(() => this.report(), beatMs).unref();
  }

  /** Has the row say how the worker is; `now` without waiting for the next beat. */
  report(now = false): void {
    this.order({ kind: 'report', report: JSON.stringify(this.options.report()), now });
  }

  /** Goes on under a new identity. */
  rename(workerId: string): void {
    this.order({ kind: 'identity', workerId });
    this.report(true);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.reports);
    const { thread } = this;
    if (!thread) return;
    this.thread = undefined;
    const exited = once(thread, 'exit').catch(() => undefined);
    thread.ref();
    thread.postMessage({ kind: 'stop' } satisfies HeartbeatOrder);
    // a thread that hangs on a dead connection is not worth waiting for
    const timer = setTimeout(() => void thread.terminate(), 1000);
    await exited;
    clearTimeout(timer);
  }

  /** A password that is given out for a time, as clouds do, may be over when the thread connects anew. */
  private async renewPassword(): Promise<void> {
    const { connection } = this.options;
    if (typeof connection.password === 'function')
      this.order({ kind: 'connection', connection: await cloneable(connection) });
  }

  private order(order: HeartbeatOrder): void {
    this.thread?.postMessage(order);
  }
}

/** Threads receive copies: functions cannot go along, so a password function is asked here. */
export async function cloneable(connection: ClientConfig): Promise<ClientConfig> {
  const { password, ssl, ...rest } = connection;
  const plain: ClientConfig = Object.fromEntries(
    Object.entries(rest).filter(([, value]) => typeof value !== 'function'),
  );
  if (password !== undefined) plain.password = typeof password === 'function' ? await password() : password;
  // pg hides `key` in the very object that it is given: it is not enumerable any more
  if (typeof ssl === 'object')
    plain.ssl = Object.fromEntries(
      Object.getOwnPropertyNames(ssl)
        .map((name) => [name, (ssl as Readonly<Record<string, unknown>>)[name]] as const)
        .filter(([, value]) => typeof value !== 'function'),
    );
  else if (ssl !== undefined) plain.ssl = ssl;
  return plain;
}
