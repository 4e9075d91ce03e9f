import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import sharp, { type Sharp } from 'sharp';
import { writeWhole } from '../files/write-whole.js';
import type { ImageSource } from './image-source.js';
import { toDecodingError } from './images.errors.js';
import { ImagesSettings } from './images.options.js';
import type { ThumbnailFormat, ThumbnailOutput } from './images.types.js';
import type { PlannedThumbnail } from './thumbnail.plan.js';
import { Turns } from './turns.js';

/**
 * Thumbnails that are made at once in this process, one thread each. Node has four for files, names and images
 * together: the rest of the worker needs some as well.
 */
const AT_ONCE = 2;
const LONGEST_SECONDS = 30;

/** Makes thumbnails of images and writes them to the output folder. */
@Injectable()
export class Thumbnailer implements OnModuleInit {
  private readonly turns = new Turns(AT_ONCE);

  constructor(private readonly settings: ImagesSettings) {}

  async onModuleInit(): Promise<void> {
    sharp.concurrency(1);
    await mkdir(this.settings.folder, { recursive: true });
    await mkdir(this.settings.output, { recursive: true });
  }

  /** @throws ImageError when the image cannot be unpacked */
  async make(source: ImageSource, plan: PlannedThumbnail, signal: AbortSignal): Promise<ThumbnailOutput> {
    const { data, info } = await this.turns.take(() => {
      // the turn may have been long in coming
      signal.throwIfAborted();
      return this.render(source, plan);
    });
    signal.throwIfAborted();
    await writeWhole(join(this.settings.output, plan.file), data);
    return {
      file: plan.file,
      width: info.width,
      height: info.height,
      format: plan.format,
      bytes: data.length,
    };
  }

  private async render({ bytes }: ImageSource, { size, format, quality }: PlannedThumbnail) {
    const { width, height, fit } = size;
    // what is known of place and camera is left out, because nothing says to keep it
    const image = sharp(bytes, {
      limitInputPixels: this.settings.maxPixels,
      failOn: 'error',
      autoOrient: true,
    })
      .resize({ width, height, fit, withoutEnlargement: true, background: 'transparent' })
      .timeout({ seconds: LONGEST_SECONDS });
    try {
      return await ENCODERS[format](image, quality).toBuffer({ resolveWithObject: true });
    } catch (error) {
      throw toDecodingError(error);
    }
  }
}

const ENCODERS: Record<ThumbnailFormat, (image: Sharp, quality: number | undefined) => Sharp> = {
  // it knows no transparency
  jpeg: (image, quality) => image.flatten({ background: 'white' }).jpeg({ quality, mozjpeg: true }),
  png: (image) => image.png(),
  webp: (image, quality) => image.webp({ quality }),
  // its usual effort of 4 takes more than five times as long
  avif: (image, quality) => image.avif({ quality, effort: 2 }),
};
