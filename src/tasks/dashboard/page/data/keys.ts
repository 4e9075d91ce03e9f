import { signal } from '@preact/signals';

export interface Key {
  /** As shown: `g e` is one after the other. */
  readonly keys: string;
  readonly does: string;
  readonly run: () => void;
}

/** Keys by the part of the page that has them, the most recent last: it wins. */
const groups = signal<readonly { name: string; keys: readonly Key[] }[]>([]);
export const keyGroups = groups;

/** @returns takes them back */
export function addKeys(name: string, keys: readonly Key[]): () => void {
  const group = { name, keys };
  groups.value = [...groups.peek(), group];
  return () => {
    groups.value = groups.peek().filter((other) => other !== group);
  };
}

let first = '';
let firstAt = 0;

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.target as HTMLElement;
  const writing = target.matches('input, textarea, select, [contenteditable]');
  if ((writing && event.key !== 'Escape') || document.querySelector('dialog[open]')) return;
  const pressed = Date.now() - firstAt < 1000 && first ? `${first} ${event.key}` : event.key;
  const all = groups
    .peek()
    .toReversed()
    .flatMap((group) => group.keys);
  const found = all.find((key) => key.keys === pressed) ?? all.find((key) => key.keys === event.key);
  if (found) {
    // a button or link that has the focus takes Enter itself
    if (event.key === 'Enter' && target.matches('a, button, summary')) return;
    first = '';
    event.preventDefault();
    found.run();
    return;
  }
  first = all.some((key) => key.keys.startsWith(`${event.key} `)) ? event.key : '';
  firstAt = Date.now();
});
