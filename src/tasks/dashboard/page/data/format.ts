import { signal } from '@preact/signals';

/** Now, to the second: relative times follow it. */
export const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1000);

/** `12 s`, `3 min 20 s`, `2 h 5 min`, `4 d`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1000) return `${ms < 10 && ms % 1 !== 0 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.round(s)} s`;
  if (s < 3600) return pair(s / 60, 'min', s % 60, 's');
  if (s < 86_400) return pair(s / 3600, 'h', (s % 3600) / 60, 'min');
  return pair(s / 86_400, 'd', (s % 86_400) / 3600, 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor(small);
  return `${Math.floor(large)} ${largeUnit}${rest > 0 && large < 10 ? ` ${rest} ${smallUnit}` : ''}`;
}

/** `just now`, `12 s ago`, `in 5 min`. */
export function relative(at: string, nowMs: number): string {
  const ms = nowMs - new Date(at).getTime();
  if (Math.abs(ms) < 1500) return 'just now';
  return ms > 0 ? `${coarse(ms)} ago` : `in ${coarse(-ms)}`;
}

function coarse(ms: number): string {
  const s = ms / 1000;
  if (s < 60) return `${Math.round(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

export const local = (at: string) => LOCAL.format(new Date(at));
/** In the browser's zone, and in UTC as in logs. */
export const absolute = (at: string) => `${local(at)} (${at})`;
export const clock = (at: string) =>
  `${CLOCK.format(new Date(at))}.${String(new Date(at).getMilliseconds()).padStart(3, '0')}`;

const NUMBER = new Intl.NumberFormat('en');
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
export const count = (n: number) => (n < 10_000 ? NUMBER.format(n) : COMPACT.format(n).toLowerCase());
/** Counts stop at the cap: there may be many more. */
export const capped = (n: number, cap: number) => (n >= cap ? `${count(cap)}+` : count(n));
export const bytes = (n: number) => (n < 1e6 ? `${Math.round(n / 1e3)} kB` : `${Math.round(n / 1e6)} MB`);
export const plural = (n: number, one: string, many = `${one}s`) => (n === 1 ? one : many);
export const shortId = (id: string) => id.slice(-8);
