export interface Address {
  name: string;
  address: string;
}

const LONGEST_ADDRESS = 254;
const LONGEST_TEXT = 500;
const NAMED = /^([^<>\p{Cc}]*)<([^<>]+)>$/u;
/**
 * Stricter than the standard: no quotes, comments or lists. Mail software disagrees on those, and one of the parties
 * then sends to somebody whom the other did not see.
 */
const PLAIN =
  /^[^\s\p{Cc}@<>()[\]\\,;:"]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?)*$/u;

/** The parts of `a@example.com` or `Ada <a@example.com>`; undefined when it is not exactly one address. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > LONGEST_TEXT || /\p{Cc}/u.test(text)) return undefined;
  const named = NAMED.exec(text.trim());
  const name = (named?.[1] ?? '').trim().replace(/^"(.*)"$/, '$1');
  const address = named?.[2] ?? text.trim();
  return address.length <= LONGEST_ADDRESS && PLAIN.test(address) ? { name, address } : undefined;
}
