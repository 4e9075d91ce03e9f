import { FileError, toFileError } from '../batch/batch.errors.js';

/** This file cannot become a thumbnail, however often it is tried. */
export class ImageError extends Error {
  override readonly name = 'ImageError';

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What is wrong with a path or the file behind it; an error of the disk, which may pass, is returned as it is. */
export function toSourceError(error: unknown): unknown {
  const { code, message, cause } = toFileError(error);
  const mayPass = !(error instanceof FileError) && code === 'ANALYSIS_FAILED';
  return mayPass ? error : new ImageError(code, message, { cause });
}

/** What sharp says, by a part of its words: it has no codes. */
const DECODING: [words: RegExp, code: string, message: string][] = [
  [
    /exceeds pixel limit/,
    'TOO_MANY_PIXELS',
    'the image has more pixels than are allowed here: make it smaller first',
  ],
  [
    /timeout/,
    'TOO_SLOW',
    'a thumbnail took longer than allowed: ask for a smaller one, or another format than AVIF',
  ],
  [
    /too large for/,
    'TOO_LARGE_FOR_FORMAT',
    'a thumbnail would be larger than its format allows: give a height too',
  ],
];

export function toDecodingError(error: unknown): ImageError {
  const words = (error as Error).message;
  const known = DECODING.find(([pattern]) => pattern.test(words));
  if (known) return new ImageError(known[1], known[2], { cause: error });
  const firstLine = words.replace(/\n.*/s, '');
  return new ImageError('DAMAGED_IMAGE', `the image is damaged or incomplete: ${firstLine}`, {
    cause: error,
  });
}
