import type { Duration } from '../../duration.js';
import { InvalidOptionError } from '../../errors.js';
import { parseParams } from './worker-request.js';

/** `{ rate, burst }`; null or missing: as the code says. The rest is checked where it is used. @throws InvalidOptionError */
export function parseRateLimit(body: unknown): {
  rate: string | number | undefined;
  burst: number | undefined;
} {
  const { rate, burst } = parseParams(body, ['rate', 'burst']);
  if (!isMissing(rate) && typeof rate !== 'string' && typeof rate !== 'number')
    throw new InvalidOptionError(
      'rate',
      "a rate such as '10/m', a number a second, or null",
      'something else',
    );
  if (!isMissing(burst) && typeof burst !== 'number')
    throw new InvalidOptionError('burst', 'a whole number, or null', 'something else');
  return { rate: rate ?? undefined, burst: burst ?? undefined };
}

/** `{ soft, hard }`; null or missing: as the code says. @throws InvalidOptionError */
export function parseTimeLimits(body: unknown): {
  soft: Duration | undefined;
  hard: Duration | undefined;
} {
  const { soft, hard } = parseParams(body, ['soft', 'hard']);
  return { soft: durationOf('soft', soft), hard: durationOf('hard', hard) };
}

function durationOf(name: string, value: unknown): Duration | undefined {
  if (isMissing(value)) return undefined;
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new InvalidOptionError(name, "a duration such as '30s', 0 for no limit, or null", 'something else');
}

const isMissing = (value: unknown): value is null | undefined => value === null || value === undefined;
