import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import type { TextEncoding } from './file-analysis.js';

/** The bytes are not text in the encoding that the beginning of the file promised. */
export class NotTextError extends Error {}

/** Decodes a file that arrives in pieces. No piece of text ends inside of a character; a byte order mark is left out. */
export interface PieceDecoder {
  /** @throws NotTextError */
  decode(bytes: Buffer): string;
  /** What is left after the last piece. @throws NotTextError */
  end(): string;
}

export function createDecoder(encoding: TextEncoding): PieceDecoder {
  return encoding === 'utf-8' ? new Utf8Decoder() : new Utf16Decoder(encoding);
}

/** The length of the longest beginning that does not end inside of a UTF-8 character. */
export function completeUtf8Length(bytes: Buffer): number {
  // a character has at most three bytes after its first one, so only the last three bytes can begin an unfinished one
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** Several times faster than TextDecoder's streaming mode, which does not use the native UTF-8 validation. */
class Utf8Decoder implements PieceDecoder {
  private rest = Buffer.alloc(0);
  private first = true;

  decode(bytes: Buffer): string {
    const all = this.rest.length > 0 ? Buffer.concat([this.rest, bytes]) : bytes;
    const complete = all.subarray(0, completeUtf8Length(all));
    // a copy: the caller may use the memory of `bytes` again
    this.rest = Buffer.from(all.subarray(complete.length));
    if (!isUtf8(complete) || complete.includes(0)) throw new NotTextError();
    if (!this.first || complete.length === 0) return complete.toString('utf8');
    this.first = false;
    return complete.toString('utf8').replace(/^\uFEFF/, '');
  }

  end(): string {
    if (this.rest.length > 0) throw new NotTextError();
    return '';
  }
}

class Utf16Decoder implements PieceDecoder {
  private readonly decoder: TextDecoder;

  constructor(encoding: TextEncoding) {
    this.decoder = new TextDecoder(encoding, { fatal: true });
  }

  decode(bytes: Buffer): string {
    return this.next(() => this.decoder.decode(bytes, { stream: true }));
  }

  end(): string {
    return this.next(() => this.decoder.decode());
  }

  private next(decode: () => string): string {
    let text: string;
    try {
      text = decode();
    } catch (cause) {
      throw new NotTextError(undefined, { cause });
    }
    if (text.includes('\0')) throw new NotTextError();
    return text;
  }
}
