import { resolve } from 'node:path';
import { InvalidOptionError } from '../../tasks/index.js';

/** The options of `ImagesModule.forRoot()`. */
export interface ImagesOptions {
  /** The one folder below which sources are looked up; made if it is missing. Default 'data/images'. */
  folder?: string | undefined;
  /** Where the thumbnails are written; made if it is missing. Default 'data/thumbnails'. */
  output?: string | undefined;
  /** Pixels that a source may have: a small file can unpack to more than the memory holds. Default 100,000,000. */
  maxPixels?: number | undefined;
  /** Bytes that a source may have. Default 50 MiB. */
  maxBytes?: number | undefined;
}

/** The options with their defaults, and absolute folders; also the injection token. */
export class ImagesSettings {
  readonly folder: string;
  readonly output: string;
  readonly maxPixels: number;
  readonly maxBytes: number;

  constructor(options: ImagesOptions = {}) {
    this.folder = resolve(options.folder ?? 'data/images');
    this.output = resolve(options.output ?? 'data/thumbnails');
    this.maxPixels = atLeastOne('maxPixels', options.maxPixels ?? 100_000_000);
    this.maxBytes = atLeastOne('maxBytes', options.maxBytes ?? 50 * 2 ** 20);
  }
}

function atLeastOne(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidOptionError(`ImagesModule: ${option}`, 'a whole number of 1 or more', value);
}
