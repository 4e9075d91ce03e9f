import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import { listenBefore } from './listen-before.js';

/** pass; blackhole: nothing arrives, and nobody is told */
export type TcpMode = 'pass' | 'blackhole';

/** Stands between processes and any server, and spoils what goes through, without reading it. */
export class TcpProxy {
  private readonly pairs = new Set<{ client: Socket; server: Socket }>();
  private mode: TcpMode = 'pass';
  private loses: (() => boolean) | undefined;
  private losses = 0;
  private held: (() => void)[] = [];

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static async inFrontOf(target: string): Promise<TcpProxy> {
    const { server, url, host, port } = await listenBefore(target);
    const proxy = new TcpProxy(url, server);
    server.on('connection', (client) => proxy.accept(client, host, port));
    return proxy;
  }

  /** How many replies were lost. */
  get lost(): number {
    return this.losses;
  }

  get connections(): number {
    return this.pairs.size;
  }

  set(mode: TcpMode): void {
    this.mode = mode;
    if (mode !== 'blackhole') for (const pass of this.held.splice(0)) pass();
  }

  /** Breaks every connection. @returns how many */
  reset(): number {
    const { size } = this.pairs;
    for (const { client, server } of this.pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
    return size;
  }

  /** From now on some replies do not arrive: what was asked for has happened, and the connection breaks. */
  loseReplies(chosen: (() => boolean) | undefined): void {
    this.loses = chosen;
  }

  async close(): Promise<void> {
    this.set('pass');
    this.server.close();
    this.reset();
    if (this.server.listening) await once(this.server, 'close');
  }

  private accept(client: Socket, host: string, port: number): void {
    const server = connect({ host, port, noDelay: true });
    client.setNoDelay(true);
    const pair = { client, server };
    this.pairs.add(pair);
    const end = () => {
      this.pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', () => undefined).once('close', end);
    this.pump(client, server);
    this.pump(server, client, () => {
      if (!this.loses?.()) return true;
      this.losses++;
      client.resetAndDestroy();
      return false;
    });
  }

  /** One piece after the other. */
  private pump(from: Socket, to: Socket, mayPass: () => boolean = () => true): void {
    const forward = async (chunk: Buffer): Promise<void> => {
      while (this.mode === 'blackhole') await new Promise<void>((resolve) => this.held.push(resolve));
      if (mayPass() && to.writable) to.write(chunk);
    };
    let turn = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      turn = turn.then(() => forward(chunk));
    });
  }
}
