import { spawnSync } from 'node:child_process';
import { chown, lchown, mkdtemp, readFile, readdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { childEnvironment } from './child-environment.js';
import { EmbeddedPostgresError } from './errors.js';

/** The user the server runs as when this process is root, which Postgres refuses to run as. */
export interface ServerUser {
  name: string;
  uid: number;
  gid: number;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * An existing unprivileged user, chosen so that root and the person who owns the project can take turns on the same data:
 * the owner of the project, else who called sudo, else `postgres`, else `nobody`.
 */
export async function chooseServerUser(directory: string): Promise<ServerUser> {
  const users = parseUsers(await readFile('/etc/passwd', 'utf8').catch(() => ''));
  const owner = await stat(await nearestExisting(directory));
  const sudo = Number(process.env['SUDO_UID'] ?? 0);
  const candidates = [
    byId(users, owner.uid, owner.gid),
    byId(users, sudo, Number(process.env['SUDO_GID'] ?? 0)),
    users.find((user) => user.name === 'postgres'),
    users.find((user) => user.name === 'nobody'),
  ];
  const chosen = candidates.find((user) => user !== undefined && user.uid !== 0);
  if (chosen) return chosen;
  throw new EmbeddedPostgresError(
    'Postgres does not run as root, and no other user was found: expected the owner of the project, the caller of sudo, ' +
      "'postgres' or 'nobody' in /etc/passwd. Run this as an ordinary user, or give the URL of another database",
  );
}

/** The user who owns data that is already there: it must stay the same one. */
export async function ownerOf(path: string): Promise<ServerUser> {
  const { uid, gid } = await stat(path);
  return { name: `user ${uid}`, uid, gid };
}

/**
 * Whether a server of this user can have its data in the folder: asked by trying it, since permission bits do not tell of
 * ACLs, of mounts that ignore chown and of mapped users.
 */
export async function canServeFrom(folder: string, user: ServerUser): Promise<boolean> {
  const attempt = await mkdtemp(join(folder, 'attempt-')).catch(() => undefined);
  if (attempt === undefined) return false;
  try {
    await chown(attempt, user.uid, user.gid);
    return canEnter(attempt, user);
  } catch {
    return false;
  } finally {
    await rmdir(attempt);
  }
}

/** Whether the user reaches the folder and owns it. */
export function canEnter(folder: string, user: ServerUser): boolean {
  const attempt = spawnSync('/bin/sh', ['-c', 'cd -- "$0" && test -O . && test -w .', folder], {
    cwd: '/',
    env: childEnvironment(),
    stdio: 'ignore',
    uid: user.uid,
    gid: user.gid,
  });
  return attempt.status === 0;
}

/** Gives a folder and everything below it to the user. */
export async function giveTo(user: ServerUser, path: string): Promise<void> {
  await chown(path, user.uid, user.gid);
  for (const entry of await readdir(path, { recursive: true }))
    await lchown(join(path, entry), user.uid, user.gid);
}

/** The path itself, or the closest folder above it that is there. */
export async function nearestExisting(path: string): Promise<string> {
  return stat(path).then(
    () => path,
    () => nearestExisting(dirname(path)),
  );
}

function parseUsers(passwd: string): ServerUser[] {
  return passwd
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length >= 7)
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
}

/** initdb looks its user up: a number without a name will not do. macOS keeps people's accounts outside /etc/passwd. */
function byId(users: ServerUser[], uid: number, gid: number): ServerUser | undefined {
  const listed = users.find((user) => user.uid === uid);
  return listed ?? (process.platform === 'darwin' ? { name: `user ${uid}`, uid, gid } : undefined);
}
