import { InvalidOptionError } from '../../errors.js';

/** `?redact=true`: secrets are covered. @throws InvalidOptionError */
export function parseRedact(redact: unknown): boolean {
  if (redact === undefined || redact === '' || redact === 'false') return false;
  if (redact === 'true') return true;
  throw new InvalidOptionError('redact', 'true or false', 'something else', 'INVALID_FILTER');
}
