import { constants, type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { posix, resolve, sep, win32 } from 'node:path';
import { FileError } from './batch.errors.js';

const LONGEST_PATH = 1_024;

/** What is wrong with a path as it was given, without a look at the disk; undefined if nothing is. */
export function pathMistake(path: unknown): string | undefined {
  if (typeof path !== 'string') return 'expected a text';
  if (path === '') return 'expected a path, got an empty text';
  if (path.length > LONGEST_PATH) return `expected at most ${LONGEST_PATH} characters, got ${path.length}`;
  if (path.includes('\0')) return 'expected a path without NUL characters';
  if (/\p{Surrogate}/u.test(path)) return 'expected valid Unicode, got half of a surrogate pair';
  if (posix.isAbsolute(path) || win32.isAbsolute(path) || /^[a-z]:/i.test(path))
    return 'expected a path relative to the configured folder, got an absolute one';
  if (path.split(/[/\\]/).includes('..'))
    return "expected a path below the configured folder, got one with '..'";
  return undefined;
}

/**
 * The real path of a file below `folder`, all links followed.
 * @throws FileError OUTSIDE_FOLDER when a link leads out of the folder
 */
export async function realPathBelow(folder: string, path: string): Promise<string> {
  const mistake = pathMistake(path);
  if (mistake !== undefined) throw new FileError('INVALID_PATH', mistake);
  const [root, real] = await Promise.all([realpath(folder), realpath(resolve(folder, path))]);
  const prefix = root.endsWith(sep) ? root : root + sep;
  if (!real.startsWith(prefix) && real !== root)
    throw new FileError('OUTSIDE_FOLDER', 'this path leads out of the configured folder through a link');
  return real;
}

/**
 * Opens a regular file below `folder` for reading. What a path means may change between the check and the opening, so
 * the check is made again on what was opened. Opening never waits, as that of a pipe without a writer would.
 */
export async function openBelow(folder: string, path: string): Promise<{ file: FileHandle; size: number }> {
  const real = await realPathBelow(folder, path);
  // both flags are missing on Windows
  const file = await open(
    real,
    constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
  );
  try {
    const opened = await file.stat();
    if (!opened.isFile())
      throw new FileError('NOT_A_FILE', 'expected a regular file, got a folder, pipe or device');
    const checked = await stat(await realPathBelow(folder, path));
    if (checked.ino !== opened.ino || checked.dev !== opened.dev)
      throw new FileError('OUTSIDE_FOLDER', 'this path changed while it was opened');
    return { file, size: opened.size };
  } catch (error) {
    await file.close();
    throw error;
  }
}
