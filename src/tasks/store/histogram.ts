/**
 * Durations in milliseconds, in buckets that double: [0, 1), [1, 2), [2, 4) … the last from 2^26 ms (18.6 hours) on.
 * Small enough to be kept per minute, task and queue, and sums of them are histograms again.
 */
export const BUCKETS = 28;

export function bucketOf(ms: number): number {
  if (!(ms >= 1)) return 0;
  return Math.min(BUCKETS - 1, 1 + Math.floor(Math.log2(ms)));
}

export const emptyHistogram = (): number[] => Array.from({ length: BUCKETS }, () => 0);

/**
 * The duration that this share of all did not exceed, interpolated within its bucket; null of none.
 * @param share such as 0.95
 */
export function quantile(histogram: readonly number[], share: number): number | null {
  const total = histogram.reduce((sum, n) => sum + n, 0);
  if (total === 0) return null;
  let left = share * total;
  for (const [i, n] of histogram.entries()) {
    if (left <= n && n > 0) return within(i, left / n);
    left -= n;
  }
  return within(BUCKETS - 1, 1);
}

/** Geometrically: durations spread so. */
function within(bucket: number, part: number): number {
  if (bucket === 0) return round(part);
  return round(2 ** (bucket - 1 + part));
}

const round = (ms: number) => (ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms));
