const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** So many requests of one client to one route in so many milliseconds. */
export interface Throttle {
  limit: number;
  ttl: number;
}

/** `100/10s`: 100 requests in 10 seconds. */
export function parseThrottle(text: string): Throttle {
  const [, limit, length, unit] = /^([1-9]\d{0,6})\/([1-9]\d{0,6})(ms|s|m|h)$/.exec(text) ?? [];
  if (unit === undefined) throw new Error("expected requests and a time, such as '100/10s'");
  return { limit: Number(limit), ttl: Number(length) * MS[unit as keyof typeof MS] };
}

/** `images=10000,email=5000`: how many tasks may wait in a queue. */
export function parseQueueLimits(text: string): Record<string, number> {
  return Object.fromEntries(
    text.split(',').map((entry) => {
      const [, queue, limit] = /^\s*([\w.:-]+)=(\d{1,8})\s*$/.exec(entry) ?? [];
      if (queue === undefined)
        throw new Error("expected queues and numbers, such as 'images=10000,email=5000'");
      return [queue, Number(limit)];
    }),
  );
}
