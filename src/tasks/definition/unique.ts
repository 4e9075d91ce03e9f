import { createHash } from 'node:crypto';
import { toMilliseconds, type Duration } from '../duration.js';
import { InvalidOptionError } from '../errors.js';

/** That there is no second task of the same. */
export interface UniqueOptions {
  /** What makes two tasks the same, beside their name: a text, or in `@Task()` a function of the arguments. Default: the arguments. */
  key?: string | ((...args: never[]) => string) | undefined;
  /**
   * How long the first one keeps others out: 'started' until a worker takes it, 'finished' until it has ended, or a
   * duration from its submission. Default 'finished'.
   */
  until?: Duration | undefined;
  /**
   * 'existing' gives the handle of the first one; 'replace' revokes it and submits this one, unless it runs already,
   * then as 'existing'; 'refuse' throws a UniqueConflictError. Default 'existing'.
   */
  onConflict?: 'existing' | 'replace' | 'refuse' | undefined;
}

export interface Unique {
  readonly key: ((...args: unknown[]) => string) | undefined;
  readonly until: 'started' | 'finished' | 'period';
  readonly periodMs: number | null;
  readonly onConflict: 'existing' | 'replace' | 'refuse';
}

/** The claim of one task to be the only one. */
export interface UniqueClaim extends Omit<Unique, 'key'> {
  readonly key: Buffer;
}

const FIELDS = ['key', 'until', 'onConflict'];

/** @throws InvalidOptionError naming the field */
export function readUnique(given: boolean | UniqueOptions, path = 'unique'): Unique | undefined {
  if (given === false) return undefined;
  const options = given === true ? {} : given;
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new InvalidOptionError(path, 'true, false or an object with key, until, onConflict', given);
  for (const field of Object.keys(options))
    if (!FIELDS.includes(field))
      throw new InvalidOptionError(`${path}.${field}`, `one of ${FIELDS.join(', ')}`, field);
  const { key, until = 'finished', onConflict = 'existing' } = options;
  if (key !== undefined && typeof key !== 'function' && typeof key !== 'string')
    throw new InvalidOptionError(`${path}.key`, 'a text, or a function of the arguments', key);
  if (!['existing', 'replace', 'refuse'].includes(onConflict))
    throw new InvalidOptionError(`${path}.onConflict`, 'existing, replace or refuse', onConflict);
  const isPeriod = until !== 'started' && until !== 'finished';
  return {
    key: typeof key === 'string' ? () => key : (key as Unique['key']),
    until: isPeriod ? 'period' : until,
    periodMs: isPeriod ? toMilliseconds(until, `${path}.until`) : null,
    onConflict,
  };
}

/**
 * Two owners are two, as with idempotency keys: neither learns of the other's task, or replaces it.
 * @param json the arguments as they are stored
 */
export function claimOf(
  { key, ...rest }: Unique,
  name: string,
  owner: string | null,
  args: readonly unknown[],
  json: string,
): UniqueClaim {
  const same = key ? key(...args) : json;
  const whose = owner === null ? '' : `${owner.length}:${owner}`;
  const hash = createHash('sha256').update(
    `unique:${name.length}:${name}:${whose}:${key ? 'key' : 'args'}:${same}`,
  );
  return { ...rest, key: hash.digest() };
}
