import { z } from 'zod';
import { parseInput } from '../input/parse-input.js';
import { LONGEST_URL, pageUrl } from './page-url.js';

/** An input with its defaults, checked. */
export interface CheckedInput {
  url: string;
  depth: number;
  maxPages: number;
  delay: number | undefined;
}

const whole = (least: number, most: number) =>
  z.custom<number>(
    (given) => Number.isInteger(given) && (given as number) >= least && (given as number) <= most,
    `a whole number from ${least} to ${most}`,
  );

const address = z.unknown().transform((given, context) => {
  const url = typeof given === 'string' ? pageUrl(given) : undefined;
  if (url !== undefined && !hasCredentials(given as string)) return url;
  const message = `an http or https URL of at most ${LONGEST_URL} characters, without user and password`;
  // a password is not repeated
  context.addIssue({ code: 'custom', message, input: url ?? typeof given });
  return z.NEVER;
});

const schema = z.strictObject(
  {
    url: address,
    depth: whole(0, 5).default(2),
    maxPages: whole(1, 500).default(50),
    delay: whole(0, 10_000).optional(),
  },
  'an object with url, depth, maxPages and delay, and no more',
);

/** @throws InvalidOptionError naming the first part that is wrong */
export function readInput(given: unknown): CheckedInput {
  const data = parseInput(schema, given);
  return { ...data, delay: data.delay };
}

function hasCredentials(text: string): boolean {
  const { username, password } = new URL(text);
  return username !== '' || password !== '';
}
