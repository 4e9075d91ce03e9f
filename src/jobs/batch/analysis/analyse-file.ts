import { createHash } from 'node:crypto';
import type { FileAnalysis } from './file-analysis.js';
import { HEAD_LENGTH, kindOfFile } from './file-kind.js';
import { TextAnalyser } from './text-analyser.js';
import { NotTextError } from './text-decoding.js';

const PIECE_LENGTH = 128 * 1024;

/** The part of a `FileHandle` that is needed; each read continues where the last one ended. */
export interface ReadableFile {
  read(buffer: Buffer, offset: number, length: number, position: null): Promise<{ bytesRead: number }>;
}

export interface AnalysisOptions {
  /** How many of the most frequent words are listed. */
  topWords: number;
  /** Ends the analysis with its reason. */
  signal: AbortSignal;
  /** Bytes at most: what a file had when it was opened, so that one that is being written to comes to an end. */
  size: number;
  /** Called after each piece, and waited for. */
  onBytes?: (bytes: number) => Promise<void>;
  /** Bytes read at once. Default 128 KiB. */
  pieceLength?: number;
}

/**
 * Size, hash, type and, for texts, statistics of a file, in one pass and in memory that does not grow with the file:
 * one buffer is used again for every piece, and the next piece is read only when the last one is done.
 */
export async function analyseFile(
  file: ReadableFile,
  name: string,
  options: AnalysisOptions,
): Promise<FileAnalysis> {
  const buffer = Buffer.allocUnsafe(Math.max(options.pieceLength ?? PIECE_LENGTH, 1));
  const hash = createHash('sha256');
  const contents = new Contents(name);
  let size = 0;
  while (size < options.size) {
    options.signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, options.size - size), null);
    if (bytesRead === 0) break;
    const piece = buffer.subarray(0, bytesRead);
    hash.update(piece);
    size += bytesRead;
    await contents.add(piece);
    await options.onBytes?.(bytesRead);
  }
  options.signal.throwIfAborted();
  return { size, sha256: hash.digest('hex'), ...(await contents.end(options.topWords)) };
}

/** Decides on the kind of file by its head, then counts as a text whatever turns out to be one. */
class Contents {
  /** What was read before there was enough to decide; undefined from then on. */
  private head: Buffer | undefined = Buffer.alloc(0);
  private type = 'application/octet-stream';
  private text: TextAnalyser | undefined;

  constructor(private readonly name: string) {}

  async add(piece: Buffer): Promise<void> {
    if (!this.head) return this.addText(piece);
    this.head = Buffer.concat([this.head, piece]);
    if (this.head.length >= HEAD_LENGTH) await this.decide(this.head);
  }

  async end(topWords: number): Promise<Pick<FileAnalysis, 'type' | 'text' | 'csv'>> {
    if (this.head) await this.decide(this.head);
    const analysis = this.whileText((text) => text.end(topWords));
    return { type: this.type, ...analysis };
  }

  private async decide(head: Buffer): Promise<void> {
    this.head = undefined;
    const { type, encoding, csv } = await kindOfFile(head.subarray(0, HEAD_LENGTH), this.name);
    this.type = type;
    if (encoding) this.text = new TextAnalyser(encoding, csv);
    this.addText(head);
  }

  private addText(piece: Buffer): void {
    this.whileText((text) => text.add(piece));
  }

  /** A file that began as a text and goes on as something else is no text: its counts would mean nothing. */
  private whileText<T>(action: (text: TextAnalyser) => T): T | undefined {
    try {
      return this.text && action(this.text);
    } catch (error) {
      if (!(error instanceof NotTextError)) throw error;
      this.text = undefined;
      this.type = 'application/octet-stream';
      return undefined;
    }
  }
}
