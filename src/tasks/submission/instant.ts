import { InvalidOptionError } from '../errors.js';

/** ISO 8601 with a zone, as a text in UTC. Years from 1 to 9999: others Postgres does not read. */
export function toInstant(value: unknown, option: string): string {
  const date =
    value instanceof Date
      ? value
      : typeof value === 'string' && WITH_ZONE.test(value)
        ? new Date(value)
        : undefined;
  const text = date === undefined || Number.isNaN(date.getTime()) ? '' : date.toISOString();
  if (FOUR_DIGITS.test(text)) return text;
  throw new InvalidOptionError(
    option,
    "a Date or an ISO 8601 time with a zone such as '2030-01-31T09:00:00Z'",
    value,
    'INVALID_DATE',
  );
}

const FOUR_DIGITS = /^(?!0000)\d{4}-/;
const WITH_ZONE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/;
