/** A URL without its password. */
export function masked(text: string): string {
  if (!URL.canParse(text)) return '(not a URL)';
  const url = new URL(text);
  if (url.password) url.password = '***';
  return url.toString();
}
