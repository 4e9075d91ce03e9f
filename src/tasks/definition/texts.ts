import { InvalidOptionError } from '../errors.js';

/** Texts by name: tags and headers. */
export type Texts = Readonly<Record<string, string>>;

const MAX_ENTRIES = 20;
const MAX_NAME = 100;

/** The longest text: a tag is shown and searched by, a header may carry a `tracestate` or a token. */
const MAX_LENGTH = { tags: 200, headers: 1000 };

/** @throws InvalidOptionError */
export function assertTexts(texts: unknown, option: string): Texts {
  if (typeof texts !== 'object' || texts === null || Array.isArray(texts))
    throw new InvalidOptionError(option, 'an object of texts', texts);
  const entries = Object.entries(texts);
  if (entries.length > MAX_ENTRIES)
    throw new InvalidOptionError(option, `at most ${MAX_ENTRIES} of them`, entries.length);
  const max = option.endsWith('headers') ? MAX_LENGTH.headers : MAX_LENGTH.tags;
  for (const [name, value] of entries)
    if (typeof value !== 'string' || value.length > max || name.length > MAX_NAME || !storable(name + value))
      throw new InvalidOptionError(
        `${option}.${name.slice(0, 40)}`,
        `a text of at most ${max} characters (its name at most ${MAX_NAME}) that Postgres can store`,
        value,
      );
  return texts as Texts;
}

/** Postgres can store neither NUL nor lone surrogates. */
function storable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
