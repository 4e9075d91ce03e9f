export const LONGEST_URL = 2_000;

/**
 * A URL in the one form that it is known by: absolute, without fragment, user and password. Undefined for what is no
 * page on the web, and for URLs so long that only a trap makes them.
 */
export function pageUrl(text: string, base?: string): string | undefined {
  if (text.length > LONGEST_URL || !URL.canParse(text, base)) return undefined;
  const url = new URL(text, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  url.hash = '';
  url.username = '';
  url.password = '';
  // drops the question mark that nothing follows
  if (url.search === '') url.search = '';
  const { href } = url;
  return href.length > LONGEST_URL
    ? undefined
    : href.replaceAll(/%[\da-f]{2}/gi, (code) => code.toUpperCase());
}

export function originOf(url: string): string {
  return new URL(url).origin;
}
