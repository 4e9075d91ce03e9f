import { createHmac, timingSafeEqual } from 'node:crypto';
import { headerOf, type HttpRequest } from './http-request.js';

/** The cookie that the dashboard's login sets. */
export const SESSION_COOKIE = 'celeriac_session';

/**
 * What a browser keeps instead of the key: until when, signed with the key's digest. It needs no storage, ends by
 * itself, and with the key.
 */
export function signSession(digest: Buffer, until: number): string {
  return `${until}.${signatureOf(digest, String(until)).toString('base64url')}`;
}

/** Whether the key of this digest has signed it. */
export function isSignedBy(digest: Buffer, token: string): boolean {
  const [until = '', signature = ''] = token.split('.');
  const given = Buffer.from(signature, 'base64url');
  const expected = signatureOf(digest, until);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

export function isCurrent(token: string, now = Date.now()): boolean {
  return /^\d{1,16}\./.test(token) && Number.parseInt(token, 10) > now;
}

export function sessionOf(request: HttpRequest): string | undefined {
  const cookies = headerOf(request, 'cookie')?.split(/; */) ?? [];
  return cookies.find((cookie) => cookie.startsWith(`${SESSION_COOKIE}=`))?.slice(SESSION_COOKIE.length + 1);
}

const signatureOf = (digest: Buffer, until: string) =>
  createHmac('sha256', digest).update(`celeriac session until ${until}`).digest();
