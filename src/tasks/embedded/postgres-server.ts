import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Client } from 'pg';
import { binary } from './binaries.js';
import { childEnvironment } from './child-environment.js';
import { createCluster, DATABASE, readPassword } from './cluster.js';
import { connect, databaseUrl, ensureDatabase } from './connection.js';
import { EmbeddedPostgresError } from './errors.js';
import { freePort } from './free-port.js';
import { findPlace, type Place } from './place.js';
import {
  backendsOf,
  isPostmaster,
  lastPort,
  readPostmaster,
  sendSignal,
  setAsideStalePidFile,
} from './postmaster.js';
import { logSince, logSize, openLog } from './server-log.js';

/** Options of `PostgresServer`. */
export interface PostgresServerOptions {
  /** The folder of the data and the log; made if it is not there. */
  directory: string;
  /** Default: the port of the last time if it is free, else any free one. */
  port?: number;
  /** Settings of Postgres for this server, such as `{ fsync: 'off' }`. */
  settings?: Record<string, string>;
}

/** What was killed has not quite gone, or another start of the same moment has not quite come. */
const PASSING = /pre-existing shared memory block|lock file "postmaster\.pid" (already exists|is empty)/;
const PORT_TAKEN = /could not create any TCP\/IP sockets/;
/** Recovery after a crash takes as long as there is to recover; other passing troubles get this long, in milliseconds. */
const PASSING_LIMIT = 20_000;

/**
 * One Postgres server that its creator starts and stops: the way for tests that want a throw-away database of their own
 * or want to crash one. It stops when the process that started it exits. To share one between processes, see
 * `startEmbeddedPostgres`.
 */
export class PostgresServer {
  readonly #stopWithCreator = (): void => this.#signal('SIGINT');
  #pid: number | undefined;
  #port: number | undefined;
  #password = '';

  /** `independent`: goes on when this process ends. */
  constructor(
    readonly place: Place,
    private readonly options: Omit<PostgresServerOptions, 'directory'> & { independent?: boolean } = {},
  ) {
    this.#port = options.port;
  }

  /** Creates the data if it is not there; does not start the server. */
  static async create({ directory, ...options }: PostgresServerOptions): Promise<PostgresServer> {
    const place = await findPlace(directory);
    await createCluster(place);
    return new PostgresServer(place, options);
  }

  /** The number of the server's main process; undefined while it is not running. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Of the database `celeriac`; the same after a restart, unless another program took the port. */
  get url(): string {
    if (this.#port === undefined || this.#password === '')
      throw new EmbeddedPostgresError(
        'this server has no URL before its first start(): call and await start() first',
      );
    return databaseUrl({ port: this.#port, password: this.#password });
  }

  /** Resolves when it answers. Does nothing if it is running. */
  async start(): Promise<void> {
    if (await this.isRunning()) return;
    this.#password = await readPassword(this.place);
    this.#port = await this.#launchOnFreePort();
    if (!this.options.independent) process.once('exit', this.#stopWithCreator);
    const client = await this.connect();
    try {
      await ensureDatabase(client, DATABASE);
    } finally {
      await client.end();
    }
  }

  /** A connection for locks, to the database `postgres`. */
  async connect(): Promise<Client> {
    return connect({ port: this.#port ?? 0, password: this.#password });
  }

  /** Takes charge of a server that already runs on this data, if there is one; waits for it if it just starts or stops. */
  async adopt(): Promise<boolean> {
    let postmaster = await readPostmaster(this.place.data);
    for (; postmaster?.ready === false; postmaster = await readPostmaster(this.place.data)) await sleep(20);
    if (!postmaster) return false;
    this.#password = await readPassword(this.place);
    this.#pid = postmaster.pid;
    this.#port = postmaster.port;
    return true;
  }

  /** Whether the server of this folder runs now. */
  async isRunning(): Promise<boolean> {
    return this.#pid !== undefined && isPostmaster(this.#pid, this.place.data);
  }

  /** `fast` ends all connections and leaves a clean state; `immediate` leaves recovery to the next start. */
  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    if (!(await this.isRunning())) return this.#untilGone();
    if (process.platform === 'win32') {
      const args = ['stop', '-w', '-m', mode, '-D', this.place.data];
      await promisify(execFile)(binary(this.place.binaries.native, 'pg_ctl'), args, {
        env: childEnvironment(),
      });
    } else this.#signal(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await this.#untilGone();
  }

  /** SIGKILL to the server and every process of it, as a crash of the machine would end them. */
  async kill(): Promise<void> {
    if (await this.isRunning()) {
      const backends = await backendsOf(this.#pid ?? 0);
      this.#signal('SIGKILL');
      for (const backend of backends) sendSignal(backend, 'SIGKILL');
    }
    await this.#untilGone();
  }

  async #launchOnFreePort(): Promise<number> {
    const { data } = this.place;
    const deadline = Date.now() + PASSING_LIMIT;
    let port = this.options.port ?? (await freePort(this.#port ?? (await lastPort(data))));
    for (;;) {
      await setAsideStalePidFile(data);
      const failure = await this.#launch(port);
      if (failure === undefined) return port;
      if (await readPostmaster(data))
        throw new EmbeddedPostgresError(
          `another Postgres runs on ${data}: stop it first, or use it by startEmbeddedPostgres`,
        );
      const portTaken = PORT_TAKEN.test(failure) && this.options.port === undefined;
      if ((!portTaken && !PASSING.test(failure)) || Date.now() > deadline)
        throw new EmbeddedPostgresError(
          `Postgres did not start on ${data}, port ${port}. It said:\n${failure}`,
        );
      if (portTaken) port = await freePort();
      else await sleep(100);
    }
  }

  /** What the server said, if it did not come up. */
  async #launch(port: number): Promise<string | undefined> {
    const before = await logSize(this.place);
    const child = await this.#spawn(port);
    let ended: string | undefined;
    child.once('error', (error) => (ended = error.message));
    child.once('exit', (code, signalName) => (ended ??= `exit code ${code}, signal ${signalName}`));
    for (;;) {
      if (ended !== undefined) return `${await logSince(this.place, before)}${ended}`;
      const postmaster = await readPostmaster(this.place.data);
      if (postmaster?.ready && postmaster.pid === child.pid) {
        this.#pid = child.pid;
        return undefined;
      }
      await sleep(10);
    }
  }

  async #spawn(port: number): Promise<ChildProcess> {
    const { home, data, binaries, user } = this.place;
    const settings = {
      listen_addresses: '127.0.0.1',
      // The path of a socket may have some 100 characters; projects live deeper.
      unix_socket_directories: '',
      ...this.options.settings,
    };
    const log = await openLog(this.place);
    try {
      const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const child = spawn(binary(binaries.native, 'postgres'), ['-D', data, '-p', String(port), ...args], {
        cwd: home,
        env: childEnvironment(),
        stdio: ['ignore', log.fd, log.fd],
        windowsHide: true,
        detached: this.options.independent ?? false,
        ...(user && { uid: user.uid, gid: user.gid }),
      });
      child.unref();
      return child;
    } finally {
      await log.close();
    }
  }

  async #untilGone(): Promise<void> {
    while (await this.isRunning()) await sleep(10);
    this.#pid = undefined;
    process.off('exit', this.#stopWithCreator);
  }

  #signal(name: NodeJS.Signals): void {
    if (this.#pid !== undefined) sendSignal(this.#pid, name);
  }
}
