import { describe } from '@jest/globals';

/**
 * `describe` for tests that need something this machine may not have: they are skipped, with the reason printed. A
 * build must not pass by skipping: with CI=true the reason is an error.
 * @param missing what is missing and how to get it; undefined when all is there
 */
export function describeUnless(missing: string | undefined): typeof describe | typeof describe.skip {
  if (missing === undefined) return describe;
  if (process.env.CI === 'true') throw new Error(missing);
  process.stderr.write(`skipped: ${missing}\n`);
  return describe.skip;
}
