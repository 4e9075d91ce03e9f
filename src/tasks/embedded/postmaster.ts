import { execFile } from 'node:child_process';
import { link, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A server that runs on a data folder, as its postmaster.pid tells. */
export interface Postmaster {
  pid: number;
  port: number;
  /** False while it starts (perhaps recovering from a crash) or stops. */
  ready: boolean;
}

/** A pid file is written in several steps: one without a number is another start under way, unless it is older than this. */
const UNWRITTEN_MS = 2_000;

/** The server of this data folder; none if there is no pid file, or if its number now belongs to another program. */
export async function readPostmaster(data: string): Promise<Postmaster | undefined> {
  const content = await readFile(pidFile(data), 'utf8').catch(() => '');
  const [pid, , , port, , , , status = ''] = content.split('\n');
  if (!pid || !(await isPostmaster(Number(pid), data))) return undefined;
  return { pid: Number(pid), port: Number(port ?? 0), ready: status.trim() === 'ready' };
}

/** Whether a process of this number exists, whatever it is. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone, which is what was wanted.
  }
}

/** Whether this process is the server of this data folder, and not a zombie or another program that got its number. */
export async function isPostmaster(pid: number, data: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return false;
  if (process.platform === 'win32') return true;
  if (process.platform === 'linux') return isPostmasterInProc(pid, data);
  const { stdout } = await promisify(execFile)('/bin/ps', ['-o', 'command=', '-p', String(pid)]).catch(
    () => ({
      stdout: '',
    }),
  );
  return stdout.includes('postgres') && stdout.includes(data);
}

/**
 * Postgres itself takes a pid file for stale only when no process has the number. After a power cut the number is often
 * another program's by the next start, and in a container whose first process does not reap, it is a zombie's for ever.
 * Then the file is moved away; Postgres still refuses to start if anything is attached to the shared memory of the folder.
 */
export async function setAsideStalePidFile(data: string): Promise<void> {
  const file = pidFile(data);
  const judged = await readFile(file, 'utf8').catch(() => undefined);
  if (judged === undefined) return;
  const pid = Number.parseInt(judged, 10);
  if (Number.isNaN(pid)) {
    const written = await stat(file).catch(() => undefined);
    if (written && Date.now() - written.mtimeMs < UNWRITTEN_MS) return;
  } else if (!isAlive(pid) || (await isPostmaster(pid, data))) return;

  const aside = `${file}.stale`;
  await rename(file, aside).catch(() => undefined);
  const moved = await readFile(aside, 'utf8').catch(() => undefined);
  // Another process mended it in between and its server is running: that file goes back.
  if (moved !== undefined && moved !== judged) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

/** The port this data folder was last served on: processes that lost their server still look for it there. */
export async function lastPort(data: string): Promise<number | undefined> {
  const command = await readFile(join(data, 'postmaster.opts'), 'utf8').catch(() => '');
  const [, port] = /"-p" "(\d+)"/.exec(command) ?? [];
  return port === undefined ? undefined : Number(port);
}

/** The processes a server has for its connections: each leads a process group of its own. */
export async function backendsOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return children.split(' ').filter(Boolean).map(Number);
}

async function isPostmasterInProc(pid: number, data: string): Promise<boolean> {
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  if (name.trim() !== 'postgres') return false;
  try {
    // Postgres works inside its data folder. Compared by inode: a bind mount gives one folder two names.
    const [at, folder] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(data)]);
    return at.dev === folder.dev && at.ino === folder.ino;
  } catch {
    // A zombie works nowhere. Of another user's process, root in a container may see only the command.
    if (await readlink(`/proc/${pid}/cwd`).then(() => false, isNotAllowed)) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return command.split('\0').includes(data);
    }
    return false;
  }
}

function isNotAllowed(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EACCES' || error.code === 'EPERM';
}

function pidFile(data: string): string {
  return join(data, 'postmaster.pid');
}
