import { Redis } from 'ioredis';
import { firstExecutable, placesOf } from './executable.js';
import { freePort } from './free-port.js';
import { createScratchFolder, type ScratchFolder } from './scratch-folder.js';
import { ServerProcess } from './server-process.js';

const executable = await firstExecutable(placesOf('redis-server'));

/** For `describeUnless`. */
export const redisMissing =
  executable === undefined
    ? 'redis-server is not installed (Debian: apt-get install redis-server)'
    : undefined;

/** A Redis of a test's own. What it holds survives a kill unless `settings` say otherwise. */
export class RedisServer extends ServerProcess {
  private constructor(
    readonly port: number,
    private readonly folder: ScratchFolder,
    private readonly settings: Readonly<Record<string, string>>,
  ) {
    super();
  }

  /** @param settings redis.conf's. Default: an append-only file, synced each second */
  static async create(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
    const folder = await createScratchFolder('redis');
    const server = new RedisServer(await freePort(), folder, { appendonly: 'yes', save: '', ...settings });
    return server.start();
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  /** One command to it. */
  async ask<T = unknown>(command: string, ...args: (string | number)[]): Promise<T> {
    const client = new Redis({ port: this.port, lazyConnect: true, retryStrategy: null });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.call(command, ...args)) as T;
    } finally {
      client.disconnect();
    }
  }

  protected override how() {
    const settings = Object.entries(this.settings).flatMap(([name, value]) => [`--${name}`, value]);
    return {
      command: executable!,
      args: ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.folder.path, ...settings],
    };
  }

  protected override async isReady(): Promise<boolean> {
    return (await this.ask('PING')) === 'PONG';
  }

  protected override clear(): Promise<void> {
    return this.folder.remove();
  }
}
