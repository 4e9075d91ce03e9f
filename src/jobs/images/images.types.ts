export const FORMATS = ['webp', 'jpeg', 'png', 'avif'] as const;
export type ThumbnailFormat = (typeof FORMATS)[number];

/**
 * How an image comes into a width and a height: `inside` shrinks it to fit, `outside` to cover at least, `cover` cuts
 * off what is too much, `contain` adds borders, `fill` distorts.
 */
export const FITS = ['inside', 'outside', 'cover', 'contain', 'fill'] as const;
export type ThumbnailFit = (typeof FITS)[number];

export interface ThumbnailSize {
  /** 1 to 4,096. An image is never enlarged. */
  width: number;
  /** 1 to 4,096. Default: what keeps the proportions. */
  height?: number | undefined;
  /** Default 'inside'. */
  fit?: ThumbnailFit | undefined;
}

/** The argument of the task `images.thumbnail`. */
export interface ThumbnailInput {
  /** The path of a JPEG, PNG, WebP, AVIF, GIF or TIFF file, relative to the configured folder. */
  source: string;
  /** 1 to 10, all different. */
  sizes: ThumbnailSize[];
  /** Default ['webp']. */
  formats?: ThumbnailFormat[] | undefined;
  /** 1 to 100, of the formats that lose something (not PNG). Default: the format's own, 50 for AVIF, 80 otherwise. */
  quality?: number | undefined;
}

export interface ThumbnailOutput {
  /** Its name in the output folder. */
  file: string;
  width: number;
  height: number;
  format: ThumbnailFormat;
  bytes: number;
}

/** The result of the task `images.thumbnail`. */
export interface ThumbnailReport {
  source: {
    /** As one sees it, after the turn that a camera asked for. */
    width: number;
    height: number;
    format: string;
    bytes: number;
    /** More than 1 in an animation or a document, of which the first is shown. */
    pages: number;
  };
  /** Each size in each format, in the order of the input. */
  outputs: ThumbnailOutput[];
}
