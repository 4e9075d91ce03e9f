/** What a character is to a word. */
export const BETWEEN = 0;
/** Letters, digits and the marks that combine with them, of every script. */
export const WORD = 1;
/** Apostrophes and hyphens: part of a word only between two of its characters (don't, well-known). */
export const JOINER = 2;

const WORD_CHARACTER = /^[\p{L}\p{N}\p{M}]$/u;
const JOINERS = "'’-‐‑";
const UNITS = 0x10000;

/** The kind of each UTF-16 unit: a look-up is several times faster than a regular expression for each character. */
const KINDS = Uint8Array.from({ length: UNITS }, (_, unit) => {
  const character = String.fromCharCode(unit);
  if (JOINERS.includes(character)) return JOINER;
  return WORD_CHARACTER.test(character) ? WORD : BETWEEN;
});

/** Each UTF-16 unit in lower case, and itself where lower case is longer (İ). */
const LOWER = Uint16Array.from({ length: UNITS }, (_, unit) => {
  const lower = String.fromCharCode(unit).toLowerCase();
  return lower.length === 1 ? lower.charCodeAt(0) : unit;
});

/** The kind of a UTF-16 unit that is no half of a surrogate pair. */
export function kindOfUnit(unit: number): number {
  return KINDS[unit] ?? BETWEEN;
}

/** The kind of a character beyond the first 65,536. */
export function kindOfPair(codePoint: number): number {
  return WORD_CHARACTER.test(String.fromCodePoint(codePoint)) ? WORD : BETWEEN;
}

export function lowerUnit(unit: number): number {
  return LOWER[unit] ?? unit;
}
