import { createHash } from 'node:crypto';
import {
  access,
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  realpath,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { usableBinaries, type PostgresBinaries } from './binaries.js';
import { EmbeddedPostgresError } from './errors.js';
import {
  canEnter,
  canServeFrom,
  chooseServerUser,
  giveTo,
  isRoot,
  nearestExisting,
  ownerOf,
  type ServerUser,
} from './server-user.js';

/** Where one embedded database lives and what runs it. Plain data: it is handed to the keeper as JSON. */
export interface Place {
  /** The folder of everything: the data, the log and, where needed, a copy of the binaries. */
  home: string;
  data: string;
  log: string;
  binaries: PostgresBinaries;
  /** Set when this process is root. */
  user?: ServerUser;
}

/** Used when the server's user cannot enter the project: places that survive a restart of the machine. */
const SHARED_FOLDERS = ['/var/lib', '/var/tmp'];

export async function findPlace(directory: string): Promise<Place> {
  const asked = await canonical(resolve(directory));
  const { home, user } = isRoot()
    ? await placeForRoot(asked)
    : { home: await ownPlace(asked), user: undefined };
  const binaries = await usableBinaries(home, user);
  return { home, data: join(home, 'data'), log: join(home, 'postgres.log'), binaries, ...(user && { user }) };
}

async function ownPlace(asked: string): Promise<string> {
  await makeFolder(asked);
  const data = join(asked, 'data');
  const owner = await stat(data).catch(() => undefined);
  if (owner === undefined || process.getuid === undefined || owner.uid === process.getuid()) return asked;
  throw new EmbeddedPostgresError(
    `the embedded Postgres in ${data} belongs to user ${owner.uid}, and this process runs as user ${process.getuid()}: ` +
      'start it as that user (or as root), or give another directory',
  );
}

async function placeForRoot(asked: string): Promise<{ home: string; user: ServerUser }> {
  for (const home of [asked, ...SHARED_FOLDERS.map((folder) => sharedHome(folder, asked))])
    if (await isThere(join(home, 'data'))) return { home, user: await userOfData(home, asked) };

  const user = await chooseServerUser(asked);
  await makeFolder(asked, user);
  // An empty folder was made for this, such as by mkdtemp, which lets nobody but root in.
  if ((await readdir(asked)).length === 0) await chown(asked, user.uid, user.gid);
  if (await canServeFrom(asked, user)) return { home: asked, user };
  await rmdir(asked).catch(() => undefined);
  for (const folder of SHARED_FOLDERS) {
    const home = sharedHome(folder, asked);
    if (!(await isThere(folder)) || !(await makeSharedHome(home, user))) continue;
    const why = `Postgres does not run as root, and user ${user.name}, who runs it instead, cannot enter the project.`;
    await writeFile(`${asked}.location`, `The data of ${asked} is in\n${home}\n${why}\n`);
    return { home, user };
  }
  throw new EmbeddedPostgresError(
    `user ${user.name}, who runs Postgres in place of root, can keep data neither in ${asked} nor below ` +
      `${SHARED_FOLDERS.join(' or ')}: give a directory that this user can enter`,
  );
}

async function userOfData(home: string, asked: string): Promise<ServerUser> {
  const data = join(home, 'data');
  let user = await ownerOf(data);
  if (user.uid === 0) {
    // Copied or chowned by root: no server can have it open, for Postgres refuses data of root.
    user = await chooseServerUser(asked);
    await giveTo(user, data);
  }
  if (canEnter(data, user)) return user;
  throw new EmbeddedPostgresError(
    `the embedded Postgres in ${data} belongs to ${user.name}, who can no longer enter that folder: ` +
      'allow it on the folders above, or move the data to a directory that this user can enter',
  );
}

/** One folder a project: the name is for people, the hash keeps two checkouts of the same name apart. */
function sharedHome(folder: string, asked: string): string {
  const project = basename(dirname(dirname(asked))).replaceAll(/[^\w.-]/g, '_') || 'root';
  const hash = createHash('sha256').update(asked).digest('hex').slice(0, 12);
  return join(folder, 'celeriac', `${project}-${hash}`);
}

async function makeSharedHome(home: string, user: ServerUser): Promise<boolean> {
  try {
    await makeFolder(dirname(home));
    const parent = await lstat(dirname(home));
    // In /var/tmp anyone may have made this folder first, and could then exchange what is in it.
    if (!parent.isDirectory() || parent.uid !== 0 || (parent.mode & 0o022) !== 0) return false;
    await makeFolder(home, user);
    return await canServeFrom(home, user);
  } catch {
    return false;
  }
}

/** New folders are made for the server's user and can be entered whatever the umask; those that are there are left alone. */
async function makeFolder(path: string, user?: ServerUser): Promise<void> {
  try {
    const first = await mkdir(path, { recursive: true });
    if (first === undefined) return;
    for (let folder = path; folder.length >= first.length; folder = dirname(folder)) {
      await chmod(folder, 0o755);
      if (user) await chown(folder, user.uid, user.gid);
    }
  } catch (error) {
    throw new EmbeddedPostgresError(
      `cannot make the folder ${path} for the embedded Postgres (${String(error)}): give a directory where this user may write`,
      { cause: error },
    );
  }
}

/** Without symbolic links, also for a path whose end is not there yet: one database has one path. */
async function canonical(path: string): Promise<string> {
  const existing = await nearestExisting(path);
  return join(await realpath(existing), path.slice(existing.length));
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
