import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { CheckedInput, CheckedSize } from './images.input.js';
import type { ThumbnailFormat } from './images.types.js';

export interface PlannedThumbnail {
  readonly file: string;
  readonly size: CheckedSize;
  readonly format: ThumbnailFormat;
  readonly quality: number | undefined;
}

/** The thumbnails that an input asks for: each size in each format. */
export function planThumbnails({ source, sizes, formats, quality }: CheckedInput): PlannedThumbnail[] {
  return sizes.flatMap((size) =>
    formats.map((format) => ({ file: fileName(source, size, format, quality), size, format, quality })),
  );
}

/**
 * Follows from the input alone, so that a task that runs again replaces its own files. The hash tells apart sources of
 * the same name in different folders; nothing else of the source's path is used.
 */
function fileName(
  source: string,
  { width, height, fit }: CheckedSize,
  format: ThumbnailFormat,
  quality: number | undefined,
): string {
  const path = posix.normalize(source);
  const stem = posix
    .parse(path)
    .name.replaceAll(/[^\w-]+/g, '-')
    .slice(0, 40);
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 12);
  const suffix = quality === undefined ? '' : `-q${quality}`;
  const ending = format === 'jpeg' ? 'jpg' : format;
  return `${stem}-${hash}-${width}x${height ?? 'auto'}-${fit}${suffix}.${ending}`;
}
