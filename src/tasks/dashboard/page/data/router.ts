import { computed, signal } from '@preact/signals';

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

const ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** The id of the open task. A link may hold anything. */
export const openTask = computed(() => {
  const { task = '' } = route.value.query;
  return ID.test(task) ? task : undefined;
});

function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').filter(Boolean).map(decoded);
  return {
    path: parts.length > 0 ? parts : ['tasks'],
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** As it is where it is damaged. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
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
