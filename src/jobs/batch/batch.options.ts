import { resolve } from 'node:path';

/** The options of `BatchModule.forRoot()`. */
export interface BatchOptions {
  /** The one folder below which `paths` are looked up; made if it is missing. Default 'data/batch'. */
  folder?: string;
  /** Where uploaded files wait for their task; made if it is missing. Default 'data/uploads'. */
  uploads?: string;
  /** Bytes of one multipart request at most. Default 4 GiB. */
  maxUploadBytes?: number;
  /** Files of one batch at most. Default 1,000. */
  maxFiles?: number;
}

/** The options with their defaults, and absolute folders; also the injection token. */
export class BatchSettings {
  readonly folder: string;
  readonly uploads: string;
  readonly maxUploadBytes: number;
  readonly maxFiles: number;

  constructor(options: BatchOptions = {}) {
    this.folder = resolve(options.folder ?? 'data/batch');
    this.uploads = resolve(options.uploads ?? 'data/uploads');
    this.maxUploadBytes = atLeastOne('maxUploadBytes', options.maxUploadBytes ?? 4 * 2 ** 30);
    this.maxFiles = atLeastOne('maxFiles', options.maxFiles ?? 1_000);
  }
}

function atLeastOne(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Error(`BatchModule: ${option}: expected a whole number of 1 or more, got ${value}`);
}
