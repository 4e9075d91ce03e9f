import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

export interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
}

const FOLDER = new URL('./page/', import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** The built page, all in one folder: a few files, read once and kept, plain and compressed. */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const name of namesOf(FOLDER)) {
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
    if (!type) continue;
    const plain = readFileSync(new URL(name, FOLDER));
    files.set(name, { type, plain, gzip: gzipSync(plain, { level: 9 }) });
  }
  return files;
}

/** None where the page was not built. */
function namesOf(folder: URL): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
