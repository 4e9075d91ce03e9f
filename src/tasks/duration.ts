import ms from 'ms';
import { InvalidOptionError } from './errors.js';

/** Milliseconds, or a text such as `'10s'`, `'1.5h'`, `'2 days'`. */
export type Duration = number | string;

/** The longest duration accepted: ten years, so that a date made of it stays a date. */
export const MAX_DURATION_MS = 10 * 365 * 86_400_000;

/** The longest that a timer of Node's can wait: one that is to wait longer ends at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * A duration in milliseconds.
 * @throws InvalidOptionError when it is not a duration between 0 and {@link MAX_DURATION_MS}.
 */
export function toMilliseconds(value: Duration, option: string, code?: string): number {
  const result = typeof value === 'string' ? parse(value) : value;
  if (typeof result !== 'number' || !(result >= 0) || result > MAX_DURATION_MS)
    throw new InvalidOptionError(
      option,
      "milliseconds or a text such as '10s', from 0 to ten years",
      value,
      code,
    );
  return result;
}

/** A duration that a timer is to wait for, in milliseconds. @throws InvalidOptionError */
export function toTimerMs(value: Duration, option: string): number {
  const result = toMilliseconds(value, option);
  if (result <= MAX_TIMER_MS) return result;
  throw new InvalidOptionError(option, 'at most 24 days', value);
}

function parse(text: string): number {
  // ms() throws on an empty or very long text; a bare number in quotes is more likely a mistake than milliseconds
  if (text.trim() === '' || text.length > 50 || /^[\d.\s]+$/.test(text)) return Number.NaN;
  return ms(text as ms.StringValue) ?? Number.NaN;
}
