import { randomBytes } from 'node:crypto';

/** A fence for one claim: 62 random bits, as text since numbers are too narrow. */
export function newFence(): string {
  return String(randomBytes(8).readBigUInt64BE() >> 2n);
}
