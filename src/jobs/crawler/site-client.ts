import { type Agent, fetch, type Response } from 'undici';
import { RequestError } from './crawler.errors.js';
import type { CrawlerSettings } from './crawler.options.js';

/** Makes the requests of one crawl: bounded in time, and without following redirects. */
export class SiteClient {
  constructor(
    private readonly agent: Agent,
    private readonly settings: CrawlerSettings,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Asks for a page and has the answer read; what is not read of it is thrown away.
   * @throws RequestError, or the reason of the signal
   */
  async get<T>(url: string, accept: string, read: (response: Response) => T | Promise<T>): Promise<T> {
    const limit = AbortSignal.timeout(this.settings.requestTimeout);
    try {
      const response = await fetch(url, {
        dispatcher: this.agent,
        redirect: 'manual',
        signal: AbortSignal.any([this.signal, limit]),
        headers: { 'user-agent': this.settings.userAgent, accept },
      });
      const result = await read(response);
      if (response.body && !response.bodyUsed) await response.body.cancel();
      return result;
    } catch (error) {
      this.signal.throwIfAborted();
      throw limit.aborted
        ? new RequestError('TIMED_OUT', `no complete answer within ${this.settings.requestTimeout} ms`)
        : toRequestError(error);
    }
  }
}

/**
 * Hands on the body piece by piece.
 * @returns whether there was more of it than `most` bytes
 */
export async function readUpTo(
  response: Response,
  most: number,
  onBytes: (bytes: Uint8Array) => void,
): Promise<boolean> {
  let left = most;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    onBytes(chunk.subarray(0, left));
    left -= chunk.length;
    if (left < 0) return true;
  }
  return false;
}

/** The cause that `fetch` wraps, without the address that Node's message names. */
function toRequestError(error: unknown): RequestError {
  const { cause } = error as Error;
  if (cause instanceof RequestError) return cause;
  const { code } = (cause ?? error) as NodeJS.ErrnoException;
  const why = code === undefined ? '' : ` (${code})`;
  return new RequestError('UNREACHABLE', `the server cannot be reached, or hung up${why}`, { cause: error });
}
