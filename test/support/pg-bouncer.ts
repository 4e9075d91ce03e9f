import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { firstExecutable, placesOf } from './executable.js';
import { freePort } from './free-port.js';
import { createScratchFolder, type ScratchFolder } from './scratch-folder.js';
import { until } from './until.js';

/** It refuses to run as root. */
const UNPRIVILEGED = 'nobody';

/** The executable; undefined when it is not installed. */
export function findPgBouncer(): Promise<string | undefined> {
  return firstExecutable(placesOf('pgbouncer'));
}

/** PgBouncer in transaction mode in front of one database: each transaction gets any of a few connections. */
export class PgBouncer {
  private said = '';

  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly folder: ScratchFolder,
  ) {
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.said += text));
  }

  /** @param size how many connections to Postgres all clients share */
  static async inFrontOf(target: string, executable: string, size: number): Promise<PgBouncer> {
    const { hostname, port, username, password, pathname } = new URL(target);
    const folder = await createScratchFolder('pooler');
    const listenPort = await freePort();
    const name = pathname.slice(1);
    const settings = join(folder.path, 'pgbouncer.ini');
    await writeFile(
      settings,
      `[databases]
${name} = host=${hostname} port=${port} dbname=${name} user=${username} password=${decodeURIComponent(password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${size}
max_client_conn = 500
query_wait_timeout = 20
`,
    );
    const user = process.getuid?.() === 0 ? ['-u', UNPRIVILEGED] : [];
    const child = spawn(executable, [...user, settings], { stdio: ['ignore', 'ignore', 'pipe'] });
    const url = new URL(target);
    url.hostname = '127.0.0.1';
    url.port = String(listenPort);
    const bouncer = new PgBouncer(url.toString(), child, folder);
    process.once('exit', bouncer.kill);
    await until('PgBouncer answers', async () => {
      if (child.exitCode !== null) throw new Error(`PgBouncer ended:\n${bouncer.said}`);
      return bouncer.ask('SHOW VERSION').catch(() => undefined);
    });
    return bouncer;
  }

  /** All that it logged: what it refused, and why it closed connections. */
  get log(): string {
    return this.said;
  }

  /** How many transactions went through it. */
  async transactions(): Promise<number> {
    const rows = await this.ask('SHOW STATS');
    return rows.reduce((sum, row) => sum + Number(row['total_xact_count']), 0);
  }

  async stop(): Promise<void> {
    process.off('exit', this.kill);
    this.kill();
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
    await this.folder.remove();
  }

  /** Asks its console. */
  private async ask(command: string): Promise<Record<string, string>[]> {
    const url = new URL(this.url);
    url.pathname = '/pgbouncer';
    const client = new Client({ connectionString: url.toString() });
    try {
      await client.connect();
      return (await client.query<Record<string, string>>(command)).rows;
    } finally {
      await client.end();
    }
  }

  private readonly kill = (): void => {
    this.child.kill('SIGTERM');
  };
}
