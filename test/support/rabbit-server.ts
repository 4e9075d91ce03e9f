import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { connect, type Channel } from 'amqplib';
import { firstExecutable, foldersIn, placesOf } from './executable.js';
import { freePort } from './free-port.js';
import { createScratchFolder, type ScratchFolder } from './scratch-folder.js';
import { ServerProcess } from './server-process.js';

// Debian's command in the PATH becomes another user where root calls it, and has one folder for everything
const executable = await firstExecutable([
  ...(await foldersIn('/usr/lib/rabbitmq/lib', 'rabbitmq_server-')).map((folder) =>
    join(folder, 'sbin/rabbitmq-server'),
  ),
  ...placesOf('rabbitmq-server'),
]);

/** For `describeUnless`. */
export const rabbitMissing =
  executable === undefined
    ? 'rabbitmq-server is not installed (Debian: apt-get install rabbitmq-server)'
    : undefined;

/** A RabbitMQ of a test's own, with all its files in a folder. Starting takes some seconds. */
export class RabbitServer extends ServerProcess {
  private constructor(
    readonly port: number,
    private readonly distributionPort: number,
    private readonly folder: ScratchFolder,
  ) {
    super();
  }

  /** @param settings of the application `rabbit`, as Erlang has them */
  static async create(settings: Readonly<Record<string, number>> = {}): Promise<RabbitServer> {
    const folder = await createScratchFolder('rabbit');
    const terms = Object.entries(settings).map(([name, value]) => `{${name}, ${value}}`);
    await writeFile(join(folder.path, 'plugins'), '[].');
    await writeFile(join(folder.path, 'rabbitmq.conf'), 'loopback_users = none\n');
    await writeFile(join(folder.path, 'advanced.config'), `[{rabbit, [${terms.join(', ')}]}].`);
    return new RabbitServer(await freePort(), await freePort(), folder).start();
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`;
  }

  /** A channel of the test's own for one piece of work. */
  async ask<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    const connection = await connect(this.url, { timeout: 5000 });
    connection.on('error', () => undefined);
    try {
      const channel = await connection.createChannel();
      channel.on('error', () => undefined);
      return await work(channel);
    } finally {
      await connection.close().catch(() => undefined);
    }
  }

  /** `rabbitmqctl`, for what the protocol cannot do. */
  async control(...args: string[]): Promise<string> {
    const command = join(dirname(executable!), 'rabbitmqctl');
    const { stdout } = await promisify(execFile)(command, ['-q', ...args], {
      env: { ...process.env, ...this.environment() },
    });
    return stdout;
  }

  /** Forgets everything; only while it does not run. */
  async wipe(): Promise<void> {
    await rm(join(this.folder.path, 'mnesia'), { recursive: true, force: true });
  }

  protected override how() {
    return { command: executable!, args: [], environment: this.environment() };
  }

  protected override async isReady(): Promise<boolean> {
    if (!this.output.includes('completed with')) return false;
    await this.ask(async () => undefined);
    return true;
  }

  protected override clear(): Promise<void> {
    return this.folder.remove();
  }

  private environment(): NodeJS.ProcessEnv {
    const { path } = this.folder;
    return {
      HOME: path,
      RABBITMQ_NODENAME: `celeriac${this.port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(this.port),
      RABBITMQ_DIST_PORT: String(this.distributionPort),
      RABBITMQ_MNESIA_BASE: join(path, 'mnesia'),
      RABBITMQ_LOG_BASE: join(path, 'log'),
      RABBITMQ_CONFIG_FILE: join(path, 'rabbitmq'),
      RABBITMQ_ADVANCED_CONFIG_FILE: join(path, 'advanced.config'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(path, 'plugins'),
      RABBITMQ_PID_FILE: join(path, 'pid'),
      ERL_CRASH_DUMP: join(path, 'erl_crash.dump'),
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
    };
  }
}
