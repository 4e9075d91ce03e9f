import type { State } from '../data/types';

const PATHS = {
  waiting: 'M5 3v10M11 3v10',
  pending: 'M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11M8 5v3.200l2 1.300',
  started: 'M5 3.200l7.500 4.800L5 12.800z',
  retry: 'M13 8a5 5 0 1 1-1.500-3.600M13 2v3h-3',
  success: 'M3 8.500l3.300 3.300L13 4.800',
  failure: 'M4 4l8 8M12 4l-8 8',
  revoked: 'M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11M4.200 4.200l7.600 7.600',
  close: 'M4 4l8 8M12 4l-8 8',
  search: 'M7 2.500a4.500 4.500 0 1 0 0 9a4.500 4.500 0 1 0 0-9M10.500 10.500l3 3',
  pause: 'M5.500 3.500v9M10.500 3.500v9',
  play: 'M5 3.200l7.500 4.800L5 12.800z',
  copy: 'M5.500 5.500h7v7h-7zM3.500 10.500v-7h7',
  theme: 'M8 2.500v11a5.500 5.500 0 0 1 0-11M8 2.500a5.500 5.500 0 0 1 0 11',
  help: 'M5.800 6a2.200 2.200 0 1 1 3.200 2c-.7.400-1 .8-1 1.600M8 12v.2',
  leave: 'M9.500 3h-6v10h6M6.500 8h7M11 5.500L13.500 8L11 10.500',
  chevron: 'M6 3.500L10.500 8L6 12.500',
  link: 'M6.500 9.500l3-3M7 4.500l1.300-1.300a2.800 2.800 0 0 1 4 4L11 8.500M9 11.500l-1.300 1.300a2.800 2.800 0 0 1-4-4L5 7.500',
} as const;
export type IconName = keyof typeof PATHS;

/** Beside a text that says the same: hidden from screen readers. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** A state as icon and text: colour alone says nothing to many. */
export function StateLabel({ state }: { state: State }) {
  return (
    <span class={`state state-${state.toLowerCase()}`}>
      <Icon name={state.toLowerCase() as IconName} />
      {state.toLowerCase()}
    </span>
  );
}
