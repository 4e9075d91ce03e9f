import { createHash, timingSafeEqual } from 'node:crypto';
import { InvalidOptionError } from '../../errors.js';
import { ROLES, type Principal, type Role } from './principal.js';
import { isCurrent, isSignedBy, signSession } from './session.js';

/** A key for `Authorization: Bearer <key>`. */
export interface ApiKey {
  readonly role: Role;
  /** Whose tasks it submits and sees; `'*'` for everybody's. */
  readonly owner: string;
  /** At least 16 characters, without white space. */
  readonly key: string;
}

/**
 * Reads `role:owner:key,…`, as the variable API_KEYS has it.
 * @throws InvalidOptionError without the keys themselves
 */
export function parseApiKeys(text: string): ApiKey[] {
  return text.split(',').map((entry, i) => {
    const [role = '', owner = '', ...key] = entry.trim().split(':');
    return checked({ role: role as Role, owner, key: key.join(':') }, `keys[${i}]`);
  });
}

/** Keys as digests: looking one up compares against every one in constant time. */
export class KeyRing {
  private readonly keys: readonly { digest: Buffer; principal: Principal }[];

  constructor(keys: readonly ApiKey[]) {
    const known = new Set<string>();
    this.keys = keys.map((key, i) => {
      const { role, owner } = checked(key, `keys[${i}]`);
      if (known.has(key.key))
        throw new InvalidOptionError(`keys[${i}].key`, 'a key of its own', 'one that is listed before');
      known.add(key.key);
      return { digest: digestOf(key.key), principal: { role, owner: owner === '*' ? null : owner } };
    });
  }

  find(key: string): Principal | undefined {
    const digest = digestOf(key);
    let found: Principal | undefined;
    for (const candidate of this.keys)
      if (timingSafeEqual(candidate.digest, digest)) found = candidate.principal;
    return found;
  }

  /** A session for who has the key; undefined when it is not known. @param until ms since 1970 */
  issue(key: string, until: number): string | undefined {
    return this.find(key) && signSession(digestOf(key), until);
  }

  /** Whose session it is, while it lasts. */
  findSession(token: string): Principal | undefined {
    if (!isCurrent(token)) return undefined;
    let found: Principal | undefined;
    for (const { digest, principal } of this.keys) if (isSignedBy(digest, token)) found = principal;
    return found;
  }
}

function checked(key: ApiKey, path: string): ApiKey {
  if (!ROLES.includes(key.role))
    throw new InvalidOptionError(`${path}.role`, ROLES.join(', '), 'another role');
  if (!/^(\*|[\w.@-]{1,200})$/.test(key.owner))
    throw new InvalidOptionError(
      `${path}.owner`,
      "letters, digits, _ . @ -, or '*' for everybody's tasks",
      'something else',
    );
  if (!/^\S{16,}$/.test(key.key))
    throw new InvalidOptionError(
      `${path}.key`,
      'at least 16 characters without white space',
      'something else',
    );
  return key;
}

const digestOf = (text: string) => createHash('sha256').update(text).digest();
