import { toMilliseconds } from '../../duration.js';
import { InvalidOptionError } from '../../errors.js';
import { checkJsonLimits } from './json-limits.js';
import { parseTerminate } from './revoke-request.js';

/** The longest that `?wait=` may hold a request. */
const MAX_WAIT_MS = 60_000;

/** `?wait=20s`, or milliseconds. @throws InvalidOptionError */
export function parseWait(wait: unknown): number {
  if (typeof wait !== 'string')
    throw new InvalidOptionError('wait', "one duration such as '20s'", wait, 'INVALID_DELAY');
  const ms = toMilliseconds(/^\d+$/.test(wait) ? Number(wait) : wait, 'wait', 'INVALID_DELAY');
  return Math.min(MAX_WAIT_MS, ms);
}

/** The body of `POST /tasks/:id/revoke`, which may be left out. @throws InvalidOptionError */
export function parseRevoke(body: unknown): { terminate: boolean } {
  if (body === undefined || body === null) return { terminate: false };
  if (typeof body !== 'object' || Array.isArray(body))
    throw new InvalidOptionError('body', 'a JSON object', body, 'BODY_MUST_BE_OBJECT');
  checkJsonLimits(body, 'body');
  const { terminate, ...others }: Record<string, unknown> = { ...body };
  if (Object.keys(others).length > 0)
    throw new InvalidOptionError('body', 'only terminate', 'another property', 'UNKNOWN_PROPERTY');
  return { terminate: parseTerminate(terminate) };
}
