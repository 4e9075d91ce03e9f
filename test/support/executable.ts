import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The first of these files that can be run; undefined when there is none. */
export async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return path;
  }
  return undefined;
}

/** Where a command may be: the PATH, and where Debian has what only root's PATH leads to. */
export function placesOf(command: string): string[] {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'].map((folder) =>
    join(folder, command),
  );
}

/** Folders below `folder` whose names begin so. */
export async function foldersIn(folder: string, prefix: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.startsWith(prefix)).map((name) => join(folder, name));
}
