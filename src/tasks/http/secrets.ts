import { InvalidOptionError } from '../errors.js';

/** What stands in the place of a secret. */
export const COVERED = '••••••';

/** Names of values that answers cover where they are told to; one word or more, as in `apiKey`, `api_key` and `x-api-key`. */
export const SECRET_NAMES: readonly string[] = [
  'password',
  'passwd',
  'pwd',
  'passphrase',
  'secret',
  'token',
  'jwt',
  'authorization',
  'apiKey',
  'apikey',
  'accessKey',
  'privateKey',
  'cookie',
  'credential',
  'cardNumber',
  'iban',
  'cvv',
  'cvc',
  'pin',
];

/** Covers what looks like a secret by its name, at any depth, and passwords within URLs. */
export class Secrets {
  private readonly pattern: RegExp | undefined;

  /** @param names false covers nothing @throws InvalidOptionError */
  constructor(names: readonly string[] | false = SECRET_NAMES) {
    if (names === false) return;
    if (!Array.isArray(names) || names.length === 0 || !names.every((name) => wordsOf(name) !== ''))
      throw new InvalidOptionError('redact', "names such as ['password', 'iban'], or false", names);
    this.pattern = new RegExp(`(^| )(${names.map(wordsOf).join('|')})s?( |$)`);
  }

  /** Whether it covers anything. */
  get active(): boolean {
    return this.pattern !== undefined;
  }

  /** @param name of the value */
  cover(value: unknown, name = ''): unknown {
    if (!this.pattern || value === null || value === undefined || value === '') return value;
    if (this.pattern.test(wordsOf(name))) return COVERED;
    if (typeof value === 'string') return value.replaceAll(/(:\/\/[^\s/:@]*:)[^\s/@]+@/g, `$1${COVERED}@`);
    if (Array.isArray(value)) return value.map((each) => this.cover(each));
    if (typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.cover(each, key)]));
  }
}

/** `x-apiKey` as `x api key`. */
function wordsOf(name: string): string {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .replaceAll(/[^A-Za-z\d]+/g, ' ')
    .trim()
    .toLowerCase();
}
