import { z } from 'zod';
import { parseInput } from '../input/parse-input.js';
import { pathMistake } from '../batch/batch.paths.js';
import { FITS, FORMATS, type ThumbnailFit, type ThumbnailFormat } from './images.types.js';

const LARGEST_SIDE = 4_096;
const MOST_SIZES = 10;

/** An input with its defaults, checked. */
export interface CheckedInput {
  source: string;
  sizes: CheckedSize[];
  formats: ThumbnailFormat[];
  quality: number | undefined;
}

export interface CheckedSize {
  width: number;
  height: number | undefined;
  fit: ThumbnailFit;
}

const whole = (most: number) =>
  z.custom<number>(
    (given) => Number.isInteger(given) && (given as number) >= 1 && (given as number) <= most,
    `a whole number from 1 to ${most}`,
  );
const allDifferent = (list: readonly unknown[]): boolean =>
  new Set(list.map((item) => JSON.stringify(item))).size === list.length;

const size = z
  .strictObject(
    {
      width: whole(LARGEST_SIDE),
      height: whole(LARGEST_SIDE).optional(),
      fit: z.enum(FITS, `one of ${FITS.join(', ')}`).default('inside'),
    },
    'an object with width, height and fit, and no more',
  )
  .transform(({ width, height, fit }): CheckedSize => ({ width, height, fit }));

const schema = z.strictObject(
  {
    source: z.string('a path relative to the configured folder').superRefine((path, context) => {
      const mistake = pathMistake(path);
      if (mistake !== undefined) context.addIssue(mistake.replace(/^expected /, ''));
    }),
    sizes: z
      .array(size, 'an array of sizes')
      .min(1, 'at least one size')
      .max(MOST_SIZES, `at most ${MOST_SIZES} sizes: submit several tasks`)
      .refine(allDifferent, 'sizes that are all different'),
    formats: z
      .array(z.enum(FORMATS, `one of ${FORMATS.join(', ')}`), 'an array of formats')
      .min(1, 'at least one format')
      .refine(allDifferent, 'formats that are all different')
      .default(['webp']),
    quality: whole(100).optional(),
  },
  'an object with source, sizes, formats and quality, and no more',
);

/** @throws InvalidOptionError naming the first part that is wrong */
export function readInput(given: unknown): CheckedInput {
  const data = parseInput(schema, given);
  return { ...data, quality: data.quality };
}
