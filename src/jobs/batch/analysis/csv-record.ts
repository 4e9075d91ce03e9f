import type { BadRowCode } from './file-analysis.js';

/** Characters of one record, line breaks in quotes included; a longer one is a bad row, and not kept in memory. */
export const LONGEST_RECORD = 65_536;

const QUOTE = 34;
const NEWLINE = 10;
const RETURN = 13;

/** A record that is well formed. */
export interface GoodRecord {
  /** The index after the record and its line break. */
  next: number;
  fields: number;
  /** Line breaks inside of quotes and the one at the end. */
  newlines: number;
}

/** `undefined` means that the record does not end in this text, and more of it is needed. */
export type ScannedRecord = GoodRecord | { problem: BadRowCode } | undefined;

/**
 * Finds the end of the CSV record (RFC 4180) that begins at `start`. It depends on the record alone, not on how much
 * of the text behind it is already there.
 * @param atEnd no text follows this one
 * @param bounds is filled with the beginning and the end of each field
 */
export function scanRecord(
  text: string,
  start: number,
  delimiter: number,
  atEnd: boolean,
  bounds?: number[],
): ScannedRecord {
  const limit = start + LONGEST_RECORD;
  let fields = 0;
  let newlines = 0;
  let at = start;
  for (;;) {
    const fieldStart = at;
    if (text.charCodeAt(at) === QUOTE) {
      const close = closingQuote(text, at, limit, atEnd);
      if (close === undefined) return undefined;
      if (close === -1) return { problem: 'UNCLOSED_QUOTE' };
      newlines += newlinesBetween(text, at, close);
      at = close + 1;
      const after = breakLength(text, at, atEnd);
      if (after === undefined) return undefined;
      if (at < text.length && after === 0 && text.charCodeAt(at) !== delimiter)
        return { problem: 'TEXT_AFTER_QUOTE' };
    } else {
      for (let code; at < text.length; at++) {
        if (at >= limit) return { problem: 'ROW_TOO_LONG' };
        code = text.charCodeAt(at);
        if (code === delimiter || code === NEWLINE) break;
        if (code === QUOTE) return { problem: 'QUOTE_IN_FIELD' };
      }
      if (at === text.length && !atEnd) return undefined;
    }
    fields++;
    bounds?.push(fieldStart, at);
    if (at === text.length) return { next: at, fields, newlines };
    if (text.charCodeAt(at) !== delimiter)
      return { next: at + breakLength(text, at, true)!, fields, newlines: newlines + 1 };
    at++;
  }
}

/** The index of the quote that closes the one at `open`; -1 if there is none, undefined if it may still come. */
function closingQuote(text: string, open: number, limit: number, atEnd: boolean): number | undefined {
  for (let at = open + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at >= limit) return -1;
    if (at === -1) return atEnd || text.length >= limit ? -1 : undefined;
    if (at + 1 === text.length && !atEnd) return undefined;
    if (text.charCodeAt(at + 1) !== QUOTE) return at;
  }
}

/** The length of the line break at `at`, 0 if none is there, undefined if that cannot be said yet. */
function breakLength(text: string, at: number, atEnd: boolean): number | undefined {
  const code = text.charCodeAt(at);
  if (code === NEWLINE) return 1;
  if (code !== RETURN) return 0;
  if (at + 1 < text.length) return text.charCodeAt(at + 1) === NEWLINE ? 2 : 0;
  return atEnd ? 1 : undefined;
}

function newlinesBetween(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
