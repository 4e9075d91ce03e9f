import { InvalidArgumentError } from 'commander';

/** An argument of a task: JSON, or text where that is no JSON. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function jsonArray(text: string): unknown[] {
  const value = jsonOrText(text);
  if (Array.isArray(value)) return value;
  throw new InvalidArgumentError("expected a JSON array, such as '[2, 3]'.");
}

export function whole(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number.');
}

/** `name=value`; may be given again. */
export function pair(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError("expected a name and a value, such as 'user=42'.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
