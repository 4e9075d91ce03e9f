import { signal } from '@preact/signals';

export interface Route {
  /** `['tasks']`, `['workflows', id]` … */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

/** What the page shows, all of it in the part of the address behind `#`: it works under any path. */
export const route = signal<Route>(parse(location.hash));

addEventListener('hashchange', () => {
  route.value = parse(location.hash);
});

function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  return { path: parts.length > 0 ? parts : ['tasks'], query: Object.fromEntries(new URLSearchParams(query)) };
}

export function hrefOf(
  path: string | readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = new URLSearchParams(given).toString();
  return `#/${[path].flat().map(encodeURIComponent).join('/')}${search && `?${search}`}`;
}

export function go(href: string): void {
  location.hash = href;
}

/** Changes some of the query and stays. @param keep whether it is a step to go back to */
export function adjust(changes: Readonly<Record<string, string | undefined>>, keep = true): void {
  const { path, query } = route.peek();
  const href = hrefOf(path, { ...query, ...changes });
  if (keep) location.hash = href;
  else {
    history.replaceState(null, '', href);
    route.value = parse(href);
  }
}
