import type { State } from './types';
import { STATES } from './types';

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
const UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };

/** `state:failure name:"a b" text` as conditions, the rest as text. */
export function parseSearch(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  const rest: string[] = [];
  for (const [whole, name, quoted, plain] of text.matchAll(/(?:([a-z]+):)?(?:"([^"]*)"|(\S+))/gi)) {
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
  if (tag) filter.tag = tag.includes(':') ? tag : tag.replace('=', ':');
  if (from) filter.from = isoOf(from);
  if (to) filter.to = isoOf(to);
  const ago = /^(\d{1,6})([smhdw])$/i.exec(since ?? '');
  if (ago) filter.from = new Date(now - Number(ago[1]) * UNITS[ago[2]!.toLowerCase()]!).toISOString();
  return filter;
}

/** Times may be short: 2026-01-31. What is no time goes as it is, for the server to refuse. */
function isoOf(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

/** The search with this qualifier, or without it. */
export function withQualifier(text: string, name: string, value: string | undefined): string {
  const without = text.replaceAll(new RegExp(`(^|\\s)${name}:("[^"]*"|\\S*)`, 'gi'), ' ');
  const added = value === undefined ? '' : ` ${name}:${/\s/.test(value) ? `"${value}"` : value}`;
  return `${without}${added}`.replaceAll(/\s+/g, ' ').trim();
}

export function statesOf(text: string): State[] {
  const given = parseSearch(text).state?.toUpperCase().split(',') ?? [];
  return STATES.filter((state) => given.includes(state));
}
