import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { analyseFile, type ReadableFile } from '#dist/jobs/batch/analysis/analyse-file.js';
import type { FileAnalysis } from '#dist/jobs/batch/analysis/file-analysis.js';

/** A file whose reads give at most `most` bytes, as reads may. */
class BytesFile implements ReadableFile {
  private at = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly most = Infinity,
  ) {}

  async read(buffer: Buffer, offset: number, length: number): Promise<{ bytesRead: number }> {
    const bytesRead = this.bytes.copy(buffer, offset, this.at, this.at + Math.min(length, this.most));
    this.at += bytesRead;
    return { bytesRead };
  }
}

const neverAborted = new AbortController().signal;

function analyse(contents: Buffer | string, name = 'file', most?: number): Promise<FileAnalysis> {
  const bytes = Buffer.from(contents);
  return analyseFile(new BytesFile(bytes, most), name, {
    topWords: 10,
    signal: neverAborted,
    size: bytes.length,
  });
}

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('the type of a file', () => {
  it.each([
    ['an empty file', '', 'empty', 'text/plain'],
    ['an empty CSV file', '', 'empty.csv', 'text/csv'],
    ['a text', 'hello', 'a.txt', 'text/plain'],
    ['a text in another script', 'привет', 'a.txt', 'text/plain'],
    ['a CSV file by its name', 'a,b\n', 'A.CSV', 'text/csv'],
    ['a CSV file by its contents', 'a;b\n1;2\n3;4\n', 'export', 'text/csv'],
    ['a log with commas', 'a,b\n1,2\n3,4\n', 'a.log', 'text/plain'],
    ['a text that begins like a bitmap', 'BM is not a bitmap', 'a.txt', 'text/plain'],
    ['an XML document', '<?xml version="1.0"?><a/>', 'a.xml', 'application/xml'],
    ['a picture, whatever its name says', PNG, 'a.csv', 'image/png'],
    ['bytes that are nothing', Buffer.from([1, 2, 0, 255]), 'a.txt', 'application/octet-stream'],
    ['a text with a NUL', 'a\0b', 'a.txt', 'application/octet-stream'],
    ['a text in another encoding', Buffer.from('caf\xe9', 'latin1'), 'a.txt', 'application/octet-stream'],
  ])('of %s is found', async (_what, contents, name, type) => {
    const analysis = await analyse(contents, name);
    expect(analysis.type).toBe(type);
    const counted = type.startsWith('text/') || type === 'application/xml';
    expect(analysis.text !== undefined).toBe(counted);
    expect(analysis.csv !== undefined).toBe(type === 'text/csv');
  });

  it('is decided by all of the file: one bad byte behind a megabyte of text makes it no text', async () => {
    const analysis = await analyse(
      Buffer.concat([Buffer.from('word '.repeat(200_000)), Buffer.from([0xff])]),
      'a.txt',
    );
    expect(analysis.type).toBe('application/octet-stream');
    expect(analysis.text).toBeUndefined();
  });

  it('is found when a character stands across the end of the bytes that decide', async () => {
    for (let padding = 4_094; padding <= 4_100; padding++) {
      const analysis = await analyse(`${'x'.repeat(padding)}€ end`, 'a.txt');
      expect(analysis).toMatchObject({ type: 'text/plain', text: { words: 2 } });
    }
  });
});

it('size and hash are those of the bytes', async () => {
  const bytes = Buffer.from('\uFEFFhello\n');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  expect(await analyse(bytes)).toMatchObject({ size: bytes.length, sha256 });
});

it('UTF-16 with a byte order mark is counted like UTF-8', async () => {
  const little = Buffer.from('\uFEFFid,name\n1,Zoë\n2\n', 'utf16le');
  const expected = {
    text: { lines: 3, words: 5 },
    csv: { columns: ['id', 'name'], rows: 2, badRowCount: 1 },
  };
  expect(await analyse(little, 'a.csv')).toMatchObject(expected);
  expect(await analyse(Buffer.from(little).swap16(), 'a.csv')).toMatchObject(expected);
});

it('the analysis is the same whatever the reads give, down to single bytes', async () => {
  const contents = fc.string({
    unit: fc.constantFrom('a', 'é', '€', '😀', ',', '"', '\n', '\r\n', ' ', "'"),
    maxLength: 50,
  });
  await fc.assert(
    fc.asyncProperty(contents, fc.integer({ min: 1, max: 4 }), async (text, most) => {
      expect(await analyse(text, 'a.csv', most)).toEqual(await analyse(text, 'a.csv'));
    }),
  );
});

it('a file that grows meanwhile is read as far as it was', async () => {
  const file = new BytesFile(Buffer.from('one two three'));
  const analysis = await analyseFile(file, 'a.txt', { topWords: 3, signal: neverAborted, size: 7 });
  expect(analysis).toMatchObject({ size: 7, text: { words: 2 } });
});

it('an abort ends the analysis with its reason before the next piece is read', async () => {
  const controller = new AbortController();
  let pieces = 0;
  const endless: ReadableFile = {
    read: (_buffer, _offset, length) => Promise.resolve({ bytesRead: length }),
  };
  const onBytes = (): Promise<void> => {
    if (++pieces === 3) controller.abort(new Error('revoked'));
    return Promise.resolve();
  };
  const running = analyseFile(endless, 'x', {
    topWords: 1,
    signal: controller.signal,
    size: Infinity,
    onBytes,
  });
  await expect(running).rejects.toThrow('revoked');
  expect(pieces).toBe(3);
});

describe('memory stays flat', () => {
  const MEGABYTE = 2 ** 20;
  const BOUND = 64 * MEGABYTE;

  /** A file that exists only piece by piece. */
  function generated(piece: (index: number) => string): ReadableFile {
    let index = 0;
    return {
      read: (buffer, _offset, length) =>
        Promise.resolve({ bytesRead: Math.min(length, buffer.write(piece(index++))) }),
    };
  }

  it.each([
    [100, 'one word without a line break', 'a.txt', () => 'x'.repeat(MEGABYTE)],
    [
      100,
      'one CSV row with an open quote',
      'a.csv',
      (index: number) => (index === 0 ? 'a,b\n1,"' : 'x'.repeat(MEGABYTE)),
    ],
    [300, 'binary data', 'a.bin', () => '\0'.repeat(MEGABYTE)],
    [
      300,
      'words of which a million are different',
      'a.txt',
      (index: number) =>
        index % 40 === 0 ? differentWords(index) : `${'the same again '.repeat(64)}\n`.repeat(1_000),
    ],
  ])('over %d MB of %s', async (megabytes, _what, name, piece) => {
    const before = used();
    let highest = 0;
    let bytes = 0;
    const onBytes = (length: number): Promise<void> => {
      if (Math.floor((bytes + length) / (10 * MEGABYTE)) > Math.floor(bytes / (10 * MEGABYTE)))
        highest = Math.max(highest, used());
      bytes += length;
      return Promise.resolve();
    };
    const analysis = await analyseFile(generated(piece), name, {
      topWords: 10,
      signal: neverAborted,
      size: megabytes * MEGABYTE,
      pieceLength: 2 * MEGABYTE,
      onBytes,
    });
    expect(analysis.size).toBe(megabytes * MEGABYTE);
    expect(highest - before).toBeLessThan(BOUND);
  });

  function differentWords(index: number): string {
    return Array.from({ length: 150_000 }, (_, i) => (index * 150_000 + i).toString(36)).join(' ');
  }

  function used(): number {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }
});
