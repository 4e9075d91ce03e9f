import type { Server } from 'node:net';
import { listenBefore } from './listen-before.js';
import { ProxiedConnection, type Hook, type Mode, type ProxyRules } from './proxied-connection.js';
import type { Statement } from './postgres-frames.js';

/**
 * Stands between a process and Postgres and spoils what goes through. Statements are known by their names, which
 * travel in clear, such as 'celeriac.finish'; simple queries by their text, such as 'COMMIT'.
 */
export class FaultProxy implements ProxyRules {
  readonly before = new Map<string, Hook>();
  readonly after = new Map<string, Hook>();
  mode: Mode = 'pass';
  delayMs = 0;
  private readonly connections = new Set<ProxiedConnection>();
  private failure: unknown;
  private healed: (() => void)[] = [];

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static async inFrontOf(target: string): Promise<FaultProxy> {
    const { server, url, ...address } = await listenBefore(target);
    const proxy = new FaultProxy(url, server);
    server.on('connection', (client) => {
      const connection = new ProxiedConnection(client, address, proxy);
      proxy.connections.add(connection);
      void connection.done.then(() => proxy.connections.delete(connection));
    });
    return proxy;
  }

  /** How many connections lead through it. */
  get size(): number {
    return this.connections.size;
  }

  /** For the connections there are and those to come. */
  setMode(mode: Mode, delayMs = 0): void {
    this.mode = mode;
    this.delayMs = delayMs;
    if (mode !== 'blackhole') for (const resume of this.healed.splice(0)) resume();
    for (const connection of this.connections) connection.apply(mode);
  }

  /** Resolves when bytes may pass. */
  async passable(): Promise<void> {
    while (this.mode === 'blackhole') await new Promise<void>((resolve) => this.healed.push(resolve));
  }

  failed(error: unknown): void {
    this.failure ??= error;
  }

  /** Called when a statement arrives, before the server sees it. */
  beforeStatement(name: string, hook: Hook): void {
    this.before.set(name, hook);
  }

  /** Called when the server has answered a statement (and so committed it), before the client sees the answer. */
  afterReply(name: string, hook: Hook): void {
    this.after.set(name, hook);
  }

  /**
   * Loses replies: the statement has run, and the connection breaks before the client hears of it.
   * @param chosen which ones
   * @returns the statements whose replies were lost so far
   */
  loseReplies(name: string, chosen: (statement: Statement, count: number) => boolean): readonly Statement[] {
    const lost: Statement[] = [];
    let count = 0;
    this.afterReply(name, (statement) => {
      if (!chosen(statement, count++)) return 'forward';
      lost.push(statement);
      return 'reset';
    });
    return lost;
  }

  clear(): void {
    this.before.clear();
    this.after.clear();
    this.setMode('pass');
  }

  /** @throws what a hook threw */
  async close(): Promise<void> {
    this.clear();
    this.server.close();
    for (const connection of this.connections) connection.apply('reset');
    await Promise.all([...this.connections].map((connection) => connection.done));
    if (this.failure !== undefined) throw this.failure;
  }
}
