import { stat } from 'node:fs/promises';
import { FileError, RefusedError } from './batch.errors.js';
import { pathMistake, realPathBelow } from './batch.paths.js';
import { type BatchInput, DEFAULT_TOP_WORDS } from './batch.types.js';

const MOST_TOP_WORDS = 100;

/** The JSON body of `POST /batch-process`, checked. @throws RefusedError */
export async function readPathsRequest(body: unknown, folder: string, maxFiles: number): Promise<BatchInput> {
  const { paths, topWords } = readObject(body, ['paths', 'topWords']);
  if (!Array.isArray(paths)) throw refused('INVALID_PATHS', 'expected an array of paths', 'paths');
  if (paths.length === 0) throw refused('NO_FILES', 'expected at least one path, got none', 'paths');
  if (paths.length > maxFiles)
    throw refused(
      'TOO_MANY_FILES',
      `expected at most ${maxFiles} paths, got ${paths.length}: send several batches`,
      'paths',
    );
  for (const [index, path] of paths.entries()) {
    const mistake = pathMistake(path);
    if (mistake !== undefined) throw refused('INVALID_PATH', mistake, `paths[${index}]`);
  }
  for (const [index, path] of (paths as string[]).entries())
    await refuseUnusable(folder, path, `paths[${index}]`);
  return { paths: paths as string[], topWords: readTopWords(topWords) };
}

/** The text fields beside the uploaded files, checked. @throws RefusedError */
export function readUploadFields(body: unknown): Required<Pick<BatchInput, 'topWords'>> {
  const { topWords } = readObject(body ?? {}, ['topWords']);
  // every field of a form is a text
  return {
    topWords: readTopWords(
      typeof topWords === 'string' && /^\d+$/.test(topWords) ? Number(topWords) : topWords,
    ),
  };
}

function readObject<K extends string>(body: unknown, known: K[]): Partial<Record<K, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw refused('BODY_MUST_BE_OBJECT', `expected a JSON object with ${known.join(' and ')}`);
  for (const key of Object.keys(body))
    if (!known.includes(key as K))
      throw refused('UNKNOWN_PROPERTY', `expected only ${known.join(' and ')}`, key.slice(0, 100));
  return body;
}

function readTopWords(value: unknown): number {
  if (value === undefined) return DEFAULT_TOP_WORDS;
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_TOP_WORDS)
    return value as number;
  throw refused('INVALID_TOP_WORDS', `expected a whole number from 0 to ${MOST_TOP_WORDS}`, 'topWords');
}

/**
 * Refuses what no worker will ever read: a link out of the folder, and a folder. A file that is not there is no
 * mistake of the request: it may still come, and otherwise it is an entry of the report like any other bad file.
 */
async function refuseUnusable(folder: string, path: string, where: string): Promise<void> {
  try {
    if ((await stat(await realPathBelow(folder, path))).isDirectory())
      throw refused('IS_A_FOLDER', 'expected a file, got a folder: name the files in it', where);
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    if (error instanceof FileError) throw refused(error.code, error.message, where);
  }
}

function refused(code: string, message: string, path?: string): RefusedError {
  return new RefusedError(400, code, message, path);
}
