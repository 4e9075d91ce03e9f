import { MAX_TIMER_MS } from '../duration.js';

/** Calls when that much time is over, however much it is. @returns stops it */
export function callAfter(ms: number, call: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number) => {
    const step = Math.min(left, MAX_TIMER_MS);
    timer = setTimeout(() => (left > step ? wait(left - step) : call()), step);
  };
  wait(ms);
  return () => clearTimeout(timer);
}
