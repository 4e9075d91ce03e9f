import type { State } from './types.js';
import { STATES } from './types.js';

export const QUALIFIERS = [
  ['state:', 'failure, retry, started … several with commas'],
  ['name:', 'a task, or its beginning: email.*'],
  ['queue:', 'a queue'],
  ['worker:', 'the worker that holds it, or held it last'],
  ['tag:', 'a tag and its value: user=42'],
  ['since:', 'how long ago it was submitted at most: 15m, 1h, 7d'],
  ['from: to:', 'times: 2026-01-31T08:00Z'],
  ['args:', 'a part of its arguments, of the last day unless since: says otherwise'],
  ['error:', 'the fingerprint of an error'],
  ['parent:', 'the task that submitted it'],
] as const;

const NAMES = ['state', 'name', 'queue', 'worker', 'tag', 'since', 'from', 'to', 'args', 'error', 'parent'];
const PART = /(?:([a-z]+):)?(?:"([^"]*)"|(\S+))/gi;
const UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };

/** `state:failure name:"a b" text` as conditions, the rest as text. */
export function parseSearch(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  const rest: string[] = [];
  for (const [whole, name, quoted, plain] of text.matchAll(PART)) {
    const value = quoted ?? plain ?? '';
    const known = name?.toLowerCase();
    if (known !== undefined && NAMES.includes(known)) found[known] = value;
    else rest.push(name === undefined ? value : whole);
  }
  if (rest.length > 0) found.text = rest.join(' ');
  return found;
}

/** What `GET /tasks` is asked for. */
export function toFilter(text: string, now = Date.now()): Record<string, string> {
  const { text: search, since, tag, state, from, to, ...others } = parseSearch(text);
  const filter: Record<string, string> = { ...others };
  if (search) filter.search = search;
  if (state) filter.state = state.toUpperCase();
  // a value may hold both: url=http://x
  if (tag) filter.tag = tag.replace(/[=:]/, ':');
  if (from) filter.from = isoOf(from);
  if (to) filter.to = isoOf(to);
  if (since) filter.from = agoOf(since, now);
  return filter;
}

/** What is no span goes as it is, for the server to refuse: without it more would fit. */
function agoOf(text: string, now: number): string {
  const [, n, unit] = /^(\d{1,6})([smhdw])$/i.exec(text) ?? [];
  return n && unit ? new Date(now - Number(n) * UNITS[unit.toLowerCase()]!).toISOString() : text;
}

const TIME = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/i;

/** Without a zone it is the browser's, without a time its midnight. What is no time goes as it is, for the server to refuse. */
function isoOf(text: string): string {
  const [, day, time = 'T00:00'] = TIME.exec(text.toUpperCase()) ?? [];
  if (day === undefined || !exists(day)) return text;
  const date = new Date(day + time);
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

/** Some engines make March of the 31st of February. */
function exists(day: string): boolean {
  const date = new Date(day);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

/** The search with this qualifier, or without it. */
export function withQualifier(text: string, name: string, value: string | undefined): string {
  const others = [...text.matchAll(PART)]
    .filter(([whole, known]) => known?.toLowerCase() !== name && whole.toLowerCase() !== `${name}:`)
    .map(([whole]) => whole);
  if (value !== undefined) others.push(`${name}:${/\s/.test(value) ? `"${value}"` : value}`);
  return others.join(' ');
}

export function statesOf(text: string): State[] {
  const given = parseSearch(text).state?.toUpperCase().split(',') ?? [];
  return STATES.filter((state) => given.includes(state));
}
