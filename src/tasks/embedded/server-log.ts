import { chown, open, stat, type FileHandle } from 'node:fs/promises';
import type { Place } from './place.js';

const LIMIT_BYTES = 10 * 1024 * 1024;
const TAIL_BYTES = 4_000;

/** Opened for a child's output; emptied first if it has grown large, since nobody rotates a development log. */
export async function openLog({ log, user }: Place): Promise<FileHandle> {
  const file = await open(log, 'a', 0o600);
  if (user) await chown(log, user.uid, user.gid);
  if ((await file.stat()).size > LIMIT_BYTES) await file.truncate(0);
  return file;
}

export async function logSize({ log }: Place): Promise<number> {
  return stat(log).then(
    ({ size }) => size,
    () => 0,
  );
}

/** What was written since, at most its last few thousand bytes. */
export async function logSince({ log }: Place, offset: number): Promise<string> {
  const file = await open(log, 'r').catch(() => undefined);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    // A smaller file was emptied in between: then all of it is new.
    const start = Math.max(size < offset ? 0 : offset, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
