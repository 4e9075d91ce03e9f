import { NotSerializableError } from '../../errors.js';

const MAX_DEPTH = 32;
const MAX_KEYS = 10_000;
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * What a request's JSON may contain, beyond what any argument may.
 * @throws NotSerializableError with the path
 */
export function checkJsonLimits(value: unknown, path: string): void {
  let keys = 0;
  const visit = (item: unknown, at: string, depth: number): void => {
    if (typeof item === 'number') return checkNumber(item, at);
    if (typeof item !== 'object' || item === null) return;
    if (depth > MAX_DEPTH) throw new NotSerializableError(`nested deeper than ${MAX_DEPTH}`, at, 'TOO_DEEP');
    for (const key of Object.keys(item)) {
      if (++keys > MAX_KEYS)
        throw new NotSerializableError(`more than ${MAX_KEYS} keys and elements`, path, 'TOO_MANY_KEYS');
      const inside = Array.isArray(item) ? `${at}[${key}]` : `${at}.${key.slice(0, 40)}`;
      if (FORBIDDEN_KEYS.has(key))
        throw new NotSerializableError('a property of this name is not taken', inside, 'FORBIDDEN_KEY');
      visit((item as Record<string, unknown>)[key], inside, depth + 1);
    }
  };
  visit(value, path, 1);
}

/** 1e400 is Infinity once parsed, and beyond 2^53 digits are lost. */
function checkNumber(value: number, path: string): void {
  if (
    !Number.isFinite(value) ||
    (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21)
  )
    throw new NotSerializableError(
      'a number that cannot be kept exactly: send it as a text',
      path,
      'NUMBER_OUT_OF_RANGE',
    );
}
