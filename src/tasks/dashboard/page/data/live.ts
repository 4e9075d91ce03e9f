import { computed, effect, signal } from '@preact/signals';
import { addressOf, configuration } from './api';
import type { Batch } from './types';

type Listener = (batch: Batch) => void;

/** The browser comes back by itself only where the connection broke, not after an answer that was no stream. */
const AGAIN_MS = 5000;

const listeners = new Set<Listener>();
const connected = signal(false);
/** Whether somebody paused it. */
export const paused = signal(false);
/** Whether the page is looked at: while it is not, nothing is read. */
const looking = signal(true);

export const running = computed(() => !paused.value && looking.value);
export const liveStatus = computed(() =>
  paused.value ? 'paused' : !looking.value ? 'away' : connected.value ? 'live' : 'connecting',
);

addEventListener('blur', () => {
  looking.value = false;
});
addEventListener('focus', () => {
  looking.value = true;
});
document.addEventListener('visibilitychange', () => {
  looking.value = !document.hidden;
});

const attempt = signal(0);

effect(() => {
  void attempt.value;
  if (!running.value || !configuration.value?.principal || configuration.value.principal.role === 'submit')
    return undefined;
  const source = new EventSource(addressOf('/events'));
  source.addEventListener('open', () => {
    connected.value = true;
    // anything may have been missed
    publish({ items: [], more: true });
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  source.addEventListener('error', () => {
    connected.value = false;
    if (source.readyState === EventSource.CLOSED) timer = setTimeout(() => attempt.value++, AGAIN_MS);
  });
  source.addEventListener('changed', (event) =>
    publish(JSON.parse((event as MessageEvent<string>).data) as Batch),
  );
  return () => {
    clearTimeout(timer);
    source.close();
    connected.value = false;
  };
});

function publish(batch: Batch): void {
  for (const hear of listeners) hear(batch);
}

/** @returns stops it */
export function onBatch(hear: Listener): () => void {
  listeners.add(hear);
  return () => void listeners.delete(hear);
}
