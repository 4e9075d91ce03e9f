import { CeleriacError } from '../../errors.js';
import { headerOf, type HttpRequest } from './http-request.js';

/** A browser was made to send this request by a page of another site. */
export class CrossSiteError extends CeleriacError {
  readonly code = 'CROSS_SITE';
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses what a page of another site makes a browser send. Browsers say so in `Sec-Fetch-Site`, and where they do not
 * (plain HTTP, older ones) in `Origin`; other clients send neither. A request with a bearer token is let through: a
 * browser adds none by itself.
 * @param publicUrl what clients take for the application's address, where a proxy changes the Host header
 * @throws CrossSiteError
 */
export function assertSameOrigin(request: HttpRequest, publicUrl: string | undefined): void {
  if (SAFE_METHODS.has(request.method) || hasBearerToken(request)) return;
  const site = headerOf(request, 'sec-fetch-site');
  const origin = headerOf(request, 'origin');
  const isOwn =
    site === undefined
      ? origin === undefined || isOwnOrigin(origin, request, publicUrl)
      : site === 'same-origin' || site === 'none';
  if (!isOwn) throw new CrossSiteError('a page of another site may not do this');
}

function hasBearerToken(request: HttpRequest): boolean {
  return /^bearer +\S/i.test(headerOf(request, 'authorization') ?? '');
}

function isOwnOrigin(origin: string, request: HttpRequest, publicUrl: string | undefined): boolean {
  // 'null' is what sandboxed frames and local files send
  if (!URL.canParse(origin)) return false;
  if (publicUrl !== undefined && new URL(publicUrl).origin === origin) return true;
  return new URL(origin).host === headerOf(request, 'host')?.toLowerCase();
}
