import { extname } from 'node:path';
import { fileTypeFromBuffer } from 'file-type';
import { looksLikeCsv } from './csv-delimiter.js';
import type { TextEncoding } from './file-analysis.js';
import { completeUtf8Length, createDecoder, NotTextError } from './text-decoding.js';

/** The bytes that decide on the kind of a file: what file-type looks at. */
export const HEAD_LENGTH = 4100;

export interface FileKind {
  type: string;
  /** Set when the file begins as a text; whether it is one shows only at its end. */
  encoding?: TextEncoding;
  csv: boolean;
}

const CSV_EXTENSIONS = new Set(['.csv', '.tsv']);
/** Names that say nothing of the contents; every other extension (.md, .log, .json …) is believed not to be CSV. */
const VAGUE_EXTENSIONS = new Set(['', '.txt', '.dat', '.tab']);

/** The kind of a file by its first {@link HEAD_LENGTH} bytes, or all of them if it has fewer. */
export async function kindOfFile(head: Buffer, name: string): Promise<FileKind> {
  const encoding = encodingOf(head);
  const text = encoding && decodeHead(head, encoding);
  const detected = await detectedType(head);
  if (!encoding || text === undefined) return { type: detected ?? 'application/octet-stream', csv: false };
  // a text may begin with 'BM' (a bitmap) or 'ID3' (a song): only types that are made of text are believed here
  if (detected === 'application/pdf') return { type: detected, csv: false };
  if (detected && isTextual(detected)) return { type: detected, encoding, csv: false };
  const extension = extname(name).toLowerCase();
  const csv = CSV_EXTENSIONS.has(extension) || (VAGUE_EXTENSIONS.has(extension) && looksLikeCsv(text));
  return { type: csv ? 'text/csv' : 'text/plain', encoding, csv };
}

function encodingOf(head: Buffer): TextEncoding | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

function decodeHead(head: Buffer, encoding: TextEncoding): string | undefined {
  // the head may end inside of a character
  const length = encoding === 'utf-8' ? completeUtf8Length(head) : head.length & ~1;
  try {
    return createDecoder(encoding).decode(head.subarray(0, length));
  } catch (error) {
    if (error instanceof NotTextError) return undefined;
    throw error;
  }
}

async function detectedType(head: Buffer): Promise<string | undefined> {
  try {
    return (await fileTypeFromBuffer(head))?.mime;
  } catch {
    // a damaged header of some format; its contents are still measured
    return undefined;
  }
}

function isTextual(type: string): boolean {
  return (
    type.startsWith('text/') ||
    type.endsWith('xml') ||
    type === 'application/rtf' ||
    type === 'application/postscript'
  );
}
