/** `3s`, `5m`, `2h`, `4d`. */
export function age(ms: number | null): string {
  if (ms === null) return '-';
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`;
  const seconds = ms / 1000;
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const)
    if (seconds >= size) return `${Math.floor(seconds / size)}${unit}`;
  return `${Math.floor(seconds)}s`;
}

export const ago = (time: string | null): string =>
  time === null ? '-' : age(Date.now() - Date.parse(time));

/** `12 MB`. */
export const megabytes = (bytes: number | null): string =>
  bytes === null ? '-' : `${Math.round(bytes / 1e6)} MB`;

/** `10000+` where counting stops. */
export const capped = (count: number, cap = 10_000): string => (count >= cap ? `${cap}+` : String(count));

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** `in 5m`; `-` for none, `now` for what is due. */
export function ahead(time: string | null): string {
  if (time === null) return '-';
  const ms = Date.parse(time) - Date.now();
  return ms <= 0 ? 'now' : `in ${age(ms)}`;
}

/** `Mon 2026-03-30 02:30:00 GMT+2`, by the clock of a zone. */
export function inZone(time: string, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'shortOffset',
  });
  const parts = Object.fromEntries(
    format.formatToParts(new Date(time)).map(({ type, value }) => [type, value]),
  );
  const { weekday, year, month, day, hour, minute, second, timeZoneName } = parts;
  return `${weekday} ${year}-${month}-${day} ${hour}:${minute}:${second} ${timeZoneName}`;
}
