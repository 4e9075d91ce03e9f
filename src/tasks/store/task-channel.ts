import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Client } from 'pg';
import { SIGNALS, type ChannelEvents, type ChannelMessage, type Signal } from './channel-messages.js';
import type { ConnectionSettings } from './connection.js';
import { EventMessages } from './event-messages.js';
import { lengthen, shorten } from './short-id.js';

/** Groups go out at most this often: a NOTIFY takes a lock at commit, and everybody reads all of them. */
const INTERVAL_MS = 5;
/** The same after a group of many ids: under load some milliseconds more are not noticed. */
const BUSY_INTERVAL_MS = 20;
const MANY_IDS = 50;
/** 300 ids of 22 characters stay below the 8,000 bytes of a payload, beyond which NOTIFY fails. */
const MAX_IDS = 300;
/** So many messages of ids go out at once; of more, everybody is told to read again. */
const MAX_MESSAGES = 4;
/** Names of queues in one message; who is not named polls. */
const MAX_QUEUES = 50;
const PING_MS = 5000;

/**
 * LISTEN and NOTIFY on one connection of its own: inside the data's transactions a NOTIFY more than halves their rate.
 */
export class TaskChannel extends EventEmitter<ChannelEvents> {
  private readonly logger = new Logger('Tasks');
  private readonly name: string;
  private client: Client | undefined;
  private pending = empty();
  /** One's own messages are not heard twice. */
  private readonly self = randomUUID().slice(0, 8);
  private readonly events = new EventMessages(this.self);
  private scheduled = false;
  private sending = false;
  /** A message did not go out: nothing is sent until the connection has answered. */
  private doubted = false;
  private nextAt = 0;
  private stopped = false;
  private running: Promise<void> | undefined;
  private readonly abort = new AbortController();

  constructor(
    private readonly settings: ConnectionSettings,
    schema: string,
  ) {
    super();
    this.setMaxListeners(0);
    this.name = `celeriac:${schema}`;
  }

  /** Whether notifications arrive; while they do not, everybody polls. */
  get connected(): boolean {
    return this.client !== undefined;
  }

  /** Connects, and from then on reconnects by itself. The first try decides: throws when it fails. */
  async start(): Promise<void> {
    const client = await this.connect();
    this.running = this.keep(client);
  }

  /** May be called twice, or before start. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await this.send();
    this.abort.abort();
    await this.client?.end().catch(() => undefined);
    await this.running;
  }

  /** Rows in these queues became ready. */
  ready(queues: Iterable<string>): void {
    for (const queue of queues) if (!this.pending.q.includes(queue)) this.pending.q.push(queue);
    this.schedule();
  }

  changed(ids: readonly string[]): void {
    if (ids.length === 0) return;
    // of more, everybody is told to read again
    if (this.pending.t.length <= MAX_IDS * MAX_MESSAGES)
      for (const id of ids) this.pending.t.push(shorten(id));
    this.schedule();
  }

  revoked(ids: readonly string[]): void {
    for (const id of ids) this.pending.r.push(shorten(id));
    this.schedule();
  }

  due(ms: number): void {
    this.pending.d = Math.min(this.pending.d, Math.ceil(ms));
    this.schedule();
  }

  /** Tasks wait for their limits. */
  gated(): void {
    this.mark('gated');
  }

  /** A schedule was made or changed. */
  schedules(): void {
    this.mark('schedules');
  }

  /** Tells other processes of an event. */
  tell(event: object): void {
    this.events.add(event);
    this.schedule();
  }

  /** Tells other processes which events are wanted here. */
  want(names: readonly string[]): void {
    void this.say({ f: this.self, w: [...names] });
  }

  /** Asks other processes which events they want. */
  askWanted(): void {
    void this.say({ f: this.self, a: true });
  }

  /** Tells everybody, in this process too, to look at what is told of elsewhere. */
  async signal(name: string): Promise<void> {
    await this.say({ n: name });
  }

  private async say(message: ChannelMessage): Promise<void> {
    await this.client
      ?.query('SELECT pg_notify($1, $2)', [this.name, JSON.stringify(message)])
      .catch(() => undefined);
  }

  /** A queue is new, or was paused or resumed. */
  queues(): void {
    this.mark('queues');
  }

  private mark(signal: Signal): void {
    this.pending.s.add(signal);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.sending || this.doubted || this.stopped) return;
    this.scheduled = true;
    const wait = this.nextAt - Date.now();
    // when idle a group still waits for the end of this turn, so that the rest of a batch joins
    if (wait <= 0) setImmediate(() => void this.send());
    else setTimeout(() => void this.send(), wait);
  }

  private async send(): Promise<void> {
    this.scheduled = false;
    this.sending = true;
    this.nextAt = Date.now() + (this.pending.t.length > MANY_IDS ? BUSY_INTERVAL_MS : INTERVAL_MS);
    try {
      for (const message of this.takePending())
        await this.client?.query('SELECT pg_notify($1, $2)', [this.name, JSON.stringify(message)]);
      for (const text of this.events.take())
        await this.client?.query('SELECT pg_notify($1, $2)', [this.name, text]);
    } catch {
      // whoever listens finds out by polling
      this.doubted = true;
    }
    this.sending = false;
    const { q, t, r, d, s } = this.pending;
    if (q.length + t.length + r.length + s.size + this.events.size > 0 || Number.isFinite(d)) this.schedule();
  }

  private takePending(): ChannelMessage[] {
    const { q, t, r, d, s } = this.pending;
    this.pending = empty();
    const first: ChannelMessage = {};
    if (q.length > 0) first.q = q.slice(0, MAX_QUEUES);
    if (Number.isFinite(d)) first.d = d;
    if (s.size > 0) first.s = [...s];
    const tooMany = t.length > MAX_IDS * MAX_MESSAGES;
    if (tooMany) first.t = [];
    const messages = Object.keys(first).length > 0 ? [first] : [];
    if (!tooMany) for (let i = 0; i < t.length; i += MAX_IDS) messages.push({ t: t.slice(i, i + MAX_IDS) });
    for (let i = 0; i < r.length; i += MAX_IDS) messages.push({ r: r.slice(i, i + MAX_IDS) });
    return messages;
  }

  private async connect(): Promise<Client> {
    const client = new Client({
      ...this.settings.direct,
      connectionTimeoutMillis: 2000,
      query_timeout: 4000,
    });
    client.on('error', () => undefined);
    client.on('notification', (notification) => this.receive(notification.payload ?? ''));
    try {
      await client.connect();
      // a notification may be lost anyhow: waiting for the disk would keep results from it
      await client.query(`LISTEN "${this.name}"; SET synchronous_commit = off`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    return client;
  }

  /** Pings, so that a connection that hangs half open is noticed; reconnects for ever. */
  private async keep(first: Client): Promise<void> {
    for (let client: Client | undefined = first; client; client = await this.reconnect()) {
      // it was stopped while this one was made
      if (this.stopped) return client.end().catch(() => undefined);
      this.client = client;
      this.trust();
      if (client !== first) this.emit('reconnected');
      // one for each connection: what waits for a signal that outlives it would pile up with every reconnect
      const ended = new AbortController();
      client.once('end', () => ended.abort());
      try {
        for (;;) {
          await sleep(PING_MS, undefined, { signal: ended.signal, ref: false }).catch(() => undefined);
          if (this.sending) continue;
          await client.query('SELECT 1');
          this.trust();
        }
      } catch (error) {
        this.client = undefined;
        if (!this.stopped)
          this.logger.warn(
            `lost the connection for notifications (${(error as Error).message}); polling meanwhile`,
          );
        // not awaited: a connection that hangs half open does not end in good order
        client.end().catch(() => undefined);
      }
    }
  }

  private trust(): void {
    if (!this.doubted) return;
    this.doubted = false;
    this.schedule();
  }

  private async reconnect(): Promise<Client | undefined> {
    for (let wait = 50; !this.stopped; wait = Math.min(1000, wait * 2)) {
      try {
        return await this.connect();
      } catch {
        await sleep(wait, undefined, { signal: this.abort.signal, ref: false }).catch(() => undefined);
      }
    }
    return undefined;
  }

  private receive(payload: string): void {
    try {
      this.hear(JSON.parse(payload) as ChannelMessage);
    } catch {
      // not ours: whoever may connect may send one
    }
  }

  private hear(message: ChannelMessage): void {
    if (message.q) this.emit('ready', message.q);
    if (message.t) this.emit('changed', message.t.length === 0 ? undefined : message.t);
    if (message.r) this.emit('revoked', message.r.map(lengthen));
    if (message.d !== undefined) this.emit('due', message.d);
    for (const signal of message.s ?? []) if (SIGNALS.has(signal)) this.emit(signal);
    if (message.n !== undefined) this.emit('signalled', message.n);
    if (message.f === this.self) return;
    for (const event of message.e ?? []) this.emit('told', event);
    if (message.w) this.emit('wanted', message.w);
    if (message.a) this.emit('asked');
  }
}

const empty = () => ({
  q: [] as string[],
  t: [] as string[],
  r: [] as string[],
  d: Number.POSITIVE_INFINITY,
  s: new Set<Signal>(),
});
