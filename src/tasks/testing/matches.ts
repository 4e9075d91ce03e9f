import { isDeepStrictEqual } from 'node:util';

interface Matcher {
  asymmetricMatch(value: unknown): boolean;
}

/** Whether a value is what is expected: equal once both are JSON, or by the matchers in it. */
export function matches(expected: unknown, value: unknown): boolean {
  if (isMatcher(expected)) return expected.asymmetricMatch(value);
  if (Array.isArray(expected))
    return (
      Array.isArray(value) &&
      value.length === expected.length &&
      expected.every((item, i) => matches(item, value[i]))
    );
  if (typeof expected === 'object' && expected !== null && !('toJSON' in expected))
    return (
      typeof value === 'object' &&
      value !== null &&
      Object.keys(value).every((key) => key in expected) &&
      Object.entries(expected).every(([key, item]) => matches(item, (value as Record<string, unknown>)[key]))
    );
  return isDeepStrictEqual(asJson(expected), asJson(value));
}

/** A value in an error's message. */
export function show(value: unknown): string {
  const text = JSON.stringify(value, (_key, item: unknown) => (isMatcher(item) ? '<matcher>' : item));
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function isMatcher(value: unknown): value is Matcher {
  return typeof (value as Partial<Matcher> | null | undefined)?.asymmetricMatch === 'function';
}

function asJson(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
