import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

export interface Identity {
  uid: number;
  gid: number;
}

/** A process of its own that uses the database of a directory. */
export class DatabaseProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    readonly directory: string,
  ) {}

  static async start(
    directory: string,
    {
      script = fileURLToPath(new URL('./user.mjs', import.meta.url)),
      identity,
    }: { script?: string; identity?: Identity } = {},
  ): Promise<DatabaseProcess> {
    const child = spawn(process.execPath, [script, directory], {
      cwd: '/',
      env: {},
      stdio: ['pipe', 'pipe', 'inherit'],
      ...identity,
    });
    for await (const line of createInterface(child.stdout)) {
      const said = JSON.parse(line) as { url: string; directory: string; error?: string };
      if (said.error !== undefined) throw new Error(said.error);
      return new DatabaseProcess(child, said.url, said.directory);
    }
    throw new Error(`${script} ended without a word`);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#ended();
  }

  async release(): Promise<void> {
    this.child.stdin?.write('\n');
    await this.#ended();
  }

  async #ended(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }
}

/** A folder that every user may enter, so that as root the server's user can. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'celeriac-')));
  chmodSync(folder, 0o755);
  return folder;
}

export async function ask<T = unknown>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ value: T }>(sql);
    return rows.map((row) => row.value);
  } finally {
    await client.end();
  }
}

export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limit = 60_000,
): Promise<void> {
  const deadline = Date.now() + limit;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${limit} ms for this, in vain: ${what}`);
    await sleep(20);
  }
}

/** Numbers of the processes whose command has both texts. */
export function processes(...texts: string[]): number[] {
  return execFileSync('ps', ['-axww', '-o', 'pid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, state = '', ...args]) =>
        !state.startsWith('Z') && texts.every((text) => args.join(' ').includes(text)),
    )
    .map(([pid]) => Number(pid));
}

/** The number of the one keeper of this directory. */
export function keeperOf(directory: string): number {
  const [keeper, ...more] = processes('keeper.js', `"home":"${directory}"`);
  if (keeper === undefined || more.length > 0)
    throw new Error(`not one keeper: ${[keeper, ...more].join(', ')}`);
  return keeper;
}

export function serverOf(directory: string): number {
  return Number.parseInt(readFileSync(join(directory, 'data/postmaster.pid'), 'utf8'), 10);
}

export function logOf(directory: string): string {
  return readFileSync(join(directory, 'postgres.log'), 'utf8');
}

export function isRunning(directory: string): boolean {
  return existsSync(join(directory, 'data/postmaster.pid'));
}

/** After all tests of a folder: everything that still runs there is an error, and is ended. */
export async function removeWithoutLeaks(folder: string): Promise<void> {
  const left = (): number[] => processes(folder);
  try {
    await until(`no process uses ${folder} any more`, () => left().length === 0);
  } finally {
    for (const pid of left()) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
