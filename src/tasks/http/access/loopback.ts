import { headerOf, type HttpRequest } from './http-request.js';

/** Headers by which a proxy says that it passes on somebody else's request. */
const FORWARDED = /^(forwarded|via|x-real-ip|x-forwarded-.*)$/;

/**
 * Whether a request comes from this machine itself. A page that a browser was lured to sends its own host's name, so
 * the Host header counts as well as the address.
 */
export function isLocal(request: HttpRequest): boolean {
  const address = request.socket?.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  const host = headerOf(request, 'host')?.replace(/:\d+$/, '') ?? '';
  return (
    isLoopback(address) &&
    (host.toLowerCase() === 'localhost' || isLoopback(host.replace(/^\[|\]$/g, ''))) &&
    !Object.keys(request.headers).some((name) => FORWARDED.test(name))
  );
}

const isLoopback = (address: string) => address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
