import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FrameCutter, statementOf, type Frame, type Statement } from './postgres-frames.js';

/**
 * - pass: as if there were no proxy
 * - delay: every piece takes that long
 * - blackhole: nothing arrives, and nobody is told; what was sent arrives when it ends
 * - half-close: the client is told that the server sends nothing more
 * - reset: the connection breaks at once, and so does every new one
 */
export type Mode = 'pass' | 'delay' | 'blackhole' | 'half-close' | 'reset';
export type Verdict = 'forward' | 'reset';
export type Hook = (statement: Statement) => Verdict | Promise<Verdict>;

export interface ProxyRules {
  readonly mode: Mode;
  readonly delayMs: number;
  readonly before: ReadonlyMap<string, Hook>;
  readonly after: ReadonlyMap<string, Hook>;
  passable(): Promise<void>;
  /** A hook threw. */
  failed(error: unknown): void;
}

/** One client's connection through the proxy. */
export class ProxiedConnection {
  /** Resolves when both ends are closed. */
  readonly done: Promise<void>;
  private readonly server: Socket;
  /** Sent and not answered yet, in order: a client need not wait for one answer before it asks for the next. */
  private readonly running: Statement[] = [];
  private held: Buffer[] = [];

  constructor(
    private readonly client: Socket,
    target: { host: string; port: number },
    private readonly rules: ProxyRules,
  ) {
    this.server = connect({ ...target, noDelay: true });
    client.setNoDelay(true);
    const closed = [client, this.server].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    this.done = Promise.all(closed).then(() => undefined);
    // whichever end breaks, the other one hears of it
    client.on('error', () => undefined).once('close', () => this.server.destroy());
    this.server.on('error', () => this.reset()).once('close', () => client.end());
    this.pump(client, new FrameCutter(true), (frame) => this.toServer(frame));
    this.pump(this.server, new FrameCutter(false), (frame) => this.toClient(frame));
    this.apply(rules.mode);
  }

  apply(mode: Mode): void {
    if (mode === 'reset') this.reset();
    if (mode === 'half-close') this.client.end();
  }

  /** Handles one piece after the other, since hooks may take their time. */
  private pump(from: Socket, cutter: FrameCutter, handle: (frame: Frame) => Promise<void> | void): void {
    const take = async (chunk: Buffer) => {
      if (this.rules.mode === 'delay') await sleep(this.rules.delayMs);
      await this.rules.passable();
      for (const frame of cutter.push(chunk)) await handle(frame);
    };
    let turn = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      turn = turn.then(() => take(chunk));
      turn.catch((error: unknown) => {
        this.rules.failed(error);
        this.reset();
      });
    });
  }

  private async toServer(frame: Frame): Promise<void> {
    const statement = statementOf(frame);
    if (statement) {
      this.running.push(statement);
      if ((await this.rules.before.get(statement.name)?.(statement)) === 'reset') return this.reset();
    }
    if (this.server.writable) this.server.write(frame.bytes);
  }

  private async toClient({ type, bytes }: Frame): Promise<void> {
    const [running] = this.running;
    // ReadyForQuery: a statement is over, and outside a transaction committed
    const isOver = type === 'Z';
    if (isOver) this.running.shift();
    const hook = running && this.rules.after.get(running.name);
    if (running && hook) {
      this.held.push(bytes);
      if (!isOver) return;
      const reply = Buffer.concat(this.held.splice(0));
      if ((await hook(running)) === 'reset') return this.reset();
      if (this.client.writable) this.client.write(reply);
    } else if (this.client.writable) this.client.write(bytes);
  }

  private reset(): void {
    // a socket that has said its last word cannot be reset any more, and would never report that it is closed
    if (this.client.writableEnded) this.client.destroy();
    else this.client.resetAndDestroy();
    this.server.destroy();
  }
}
