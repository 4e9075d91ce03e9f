import { fileTypeFromBuffer } from 'file-type';
import sharp, { type Metadata } from 'sharp';
import { openBelow } from '../batch/batch.paths.js';
import { ImageError, toDecodingError, toSourceError } from './images.errors.js';
import type { ImagesSettings } from './images.options.js';

/**
 * The kinds of files that are opened, and the decoder that each must get. SVG is not among them: it is a program that
 * draws, and may refer to other files.
 */
const DECODERS: Record<string, string> = {
  'image/jpeg': 'jpeg',
  'image/png': 'png',
  'image/apng': 'png',
  'image/webp': 'webp',
  'image/avif': 'heif',
  'image/gif': 'gif',
  'image/tiff': 'tiff',
};

export interface ImageSource {
  readonly bytes: Buffer;
  readonly metadata: Metadata;
}

/** Reads an image below the configured folder, and looks at its head before anything is unpacked. @throws ImageError */
export async function readSource(settings: ImagesSettings, path: string): Promise<ImageSource> {
  const bytes = await readBytes(settings, path);
  const { mime } = (await fileTypeFromBuffer(bytes)) ?? {};
  const decoder = mime === undefined ? undefined : DECODERS[mime];
  if (decoder === undefined)
    throw new ImageError(
      'NOT_AN_IMAGE',
      `expected a JPEG, PNG, WebP, AVIF, GIF or TIFF file, got ${mime ?? 'something else'}: a name ending proves nothing`,
    );
  const metadata = await sharp(bytes, { limitInputPixels: settings.maxPixels })
    .metadata()
    .catch((error: unknown) => {
      throw toDecodingError(error);
    });
  if (metadata.format !== decoder)
    throw new ImageError('NOT_AN_IMAGE', `this file begins as ${mime} and goes on as ${metadata.format}`);
  return { bytes, metadata };
}

async function readBytes({ folder, maxBytes }: ImagesSettings, path: string): Promise<Buffer> {
  try {
    const { file, size } = await openBelow(folder, path);
    try {
      if (size > maxBytes)
        throw new ImageError('FILE_TOO_LARGE', `expected a file of at most ${maxBytes} bytes, got ${size}`);
      const buffer = Buffer.alloc(size);
      const { bytesRead } = await file.read(buffer, 0, size, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof ImageError ? error : toSourceError(error);
  }
}
