import { createHash } from 'node:crypto';
import { InvalidOptionError } from '../errors.js';

/** Limits that hold across all workers. A task that waits for one takes no worker's slot. */
export interface LimitOptions {
  /** How many run at once. Default: any number. */
  concurrency?: number | undefined;
  /** How many start: `'10/m'`, `'5/s'`, `'100/h'`, `'1000/d'`, or a number a second (Celery's rate_limit). Default: any number. */
  rate?: string | number | undefined;
  /** How many may start at once when none did for a while. Default 1. */
  burst?: number | undefined;
  /**
   * A limit of its own for each key that this makes of the arguments, such as `(order: Order) => order.tenant`. The
   * keys take turns where another limit holds for all of them. undefined: this call is not limited. Default: one limit
   * for all.
   */
  key?: ((...args: never[]) => string | number | undefined) | undefined;
}

export interface Limit {
  readonly concurrency: number | null;
  /** Starts a second. */
  readonly rate: number | null;
  readonly burst: number;
  readonly key: ((...args: unknown[]) => string | number | undefined) | undefined;
}

/** What a task must pass before a worker may take it. */
export interface Gate {
  readonly key: string;
  readonly maxRunning: number | null;
  /** Starts a second. */
  readonly rate: number | null;
  readonly burst: number;
  /** Whether it is one of several that a limit's key makes. */
  readonly keyed: boolean;
}

export const NO_GATES: readonly Gate[] = [];

const PER_SECOND: Readonly<Record<string, number>> = { s: 1, m: 1 / 60, h: 1 / 3600, d: 1 / 86_400 };
const FIELDS = ['concurrency', 'rate', 'burst', 'key'];
const MAX = 1_000_000;

/** @throws InvalidOptionError naming the field */
export function readLimits(
  given: LimitOptions | readonly LimitOptions[] | undefined,
  path = 'limit',
): readonly Limit[] {
  if (given === undefined) return [];
  const all = [given].flat();
  return all.map((limit, i) => readLimit(limit, all.length > 1 ? `${path}[${i}]` : path));
}

function readLimit(given: LimitOptions, path: string): Limit {
  if (typeof given !== 'object' || given === null)
    throw new InvalidOptionError(path, 'an object with concurrency, rate, burst, key', given);
  for (const field of Object.keys(given))
    if (!FIELDS.includes(field))
      throw new InvalidOptionError(`${path}.${field}`, `one of ${FIELDS.join(', ')}`, field);
  const { concurrency, rate, burst, key } = given;
  if (concurrency === undefined && rate === undefined)
    throw new InvalidOptionError(path, 'a concurrency or a rate', 'neither');
  if (burst !== undefined && rate === undefined)
    throw new InvalidOptionError(`${path}.burst`, 'a rate beside it', burst);
  if (key !== undefined && typeof key !== 'function')
    throw new InvalidOptionError(`${path}.key`, 'a function of the arguments', key);
  return {
    concurrency: concurrency === undefined ? null : assertCount(concurrency, `${path}.concurrency`),
    rate: rate === undefined ? null : parseRate(rate, `${path}.rate`),
    burst: burst === undefined ? 1 : assertCount(burst, `${path}.burst`),
    key: key as Limit['key'],
  };
}

/** Starts a second. @throws InvalidOptionError */
export function parseRate(rate: string | number, option: string): number {
  const match = typeof rate === 'string' ? /^(\d+(?:\.\d+)?)\/([smhd])$/.exec(rate) : undefined;
  const perSecond = match ? Number(match[1]) * PER_SECOND[match[2]!]! : rate;
  if (typeof perSecond === 'number' && perSecond > 0 && perSecond <= MAX) return perSecond;
  throw new InvalidOptionError(option, "a text such as '10/m' (s, m, h, d), or a number a second", rate);
}

/** @param owner what the limits belong to: `task images.thumbnail`, `queue images` */
export function gatesOf(owner: string, limits: readonly Limit[], args: readonly unknown[]): Gate[] {
  return limits.flatMap(({ concurrency, rate, burst, key }, i) => {
    const value = key?.(...args);
    if (key && value === undefined) return [];
    return [
      {
        key: `${owner} ${i}${key ? ` ${shortened(String(value))}` : ''}`,
        maxRunning: concurrency,
        rate,
        burst,
        keyed: key !== undefined,
      },
    ];
  });
}

/** Keys may be of any length, and hold what Postgres cannot store. */
function shortened(key: string): string {
  return /^[\w.@:-]{1,100}$/.test(key) ? key : `#${createHash('sha256').update(key).digest('base64url')}`;
}

function assertCount(value: number, option: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= MAX) return value;
  throw new InvalidOptionError(option, `a whole number from 1 to ${MAX}`, value);
}
