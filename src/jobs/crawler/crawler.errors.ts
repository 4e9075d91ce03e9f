import type { ProblemCode } from './crawler.types.js';

/** The site cannot be crawled, however often it is tried. */
export class CrawlError extends Error {
  override readonly name = 'CrawlError';

  constructor(
    readonly code: 'ADDRESS_REFUSED' | 'DISALLOWED_BY_ROBOTS',
    message: string,
  ) {
    super(message);
  }
}

/** The site does not answer now. The task tries again. */
export class SiteUnreachableError extends Error {
  override readonly name = 'SiteUnreachableError';
  readonly code = 'SITE_UNREACHABLE';
}

/** A request got no answer, or only a part of one. */
export class RequestError extends Error {
  constructor(
    readonly code: ProblemCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A connection was not opened. It does not say where to, or it would tell names and addresses of the inner network. */
export class AddressRefusedError extends RequestError {
  constructor() {
    super('ADDRESS_REFUSED', 'this name or address does not lead to the public internet: it is not visited');
  }
}
