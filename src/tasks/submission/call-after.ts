/** No timer waits for longer: one that is told to goes off at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Calls when that much time is over, however much it is. @returns stops it */
export function callAfter(ms: number, call: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number) => {
    const step = Math.min(left, LONGEST_MS);
    timer = setTimeout(() => (left > step ? wait(left - step) : call()), step);
  };
  wait(ms);
  return () => clearTimeout(timer);
}
