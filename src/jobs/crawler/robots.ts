import robotsParser from 'robots-parser';
import { CrawlError, RequestError, SiteUnreachableError } from './crawler.errors.js';
import type { CrawlerSettings } from './crawler.options.js';
import { pageUrl } from './page-url.js';
import { readUpTo, type SiteClient } from './site-client.js';

const MOST_BYTES = 500 * 1024;
const MOST_REDIRECTS = 5;

// the package is CommonJS without a default export, other than its types say
const parseRobots = robotsParser as unknown as typeof robotsParser.default;

/** What a site allows. */
export class Robots {
  private readonly rules;

  constructor(
    url: string,
    text: string,
    private readonly userAgent: string,
  ) {
    this.rules = parseRobots(url, text);
  }

  allows(url: string): boolean {
    return this.rules.isAllowed(url, this.userAgent) !== false;
  }

  /** The milliseconds between two requests that it asks for; 0 if it does not. */
  get delay(): number {
    return Math.max(0, (this.rules.getCrawlDelay(this.userAgent) ?? 0) * 1000);
  }
}

/**
 * Reads a site's robots.txt as RFC 9309 says: all is allowed where there is none, nothing while the server fails.
 * @throws SiteUnreachableError, and CrawlError for an address that is not visited
 */
export async function loadRobots(
  client: SiteClient,
  origin: string,
  { userAgent }: CrawlerSettings,
): Promise<Robots> {
  const own = `${origin}/robots.txt`;
  let url: string | undefined = own;
  for (let hops = 0; url !== undefined && hops <= MOST_REDIRECTS; hops++) {
    const { status, text, location } = await ask(client, url);
    if (status >= 500)
      throw new SiteUnreachableError(`${own} answered ${status}: nothing may be crawled until it answers`);
    if (status < 300) return new Robots(own, text, userAgent);
    url = status < 400 && location !== null ? pageUrl(location, url) : undefined;
  }
  return new Robots(own, '', userAgent);
}

async function ask(
  client: SiteClient,
  url: string,
): Promise<{ status: number; text: string; location: string | null }> {
  try {
    return await client.get(url, 'text/plain', async (response) => {
      const pieces: Uint8Array[] = [];
      if (response.ok) await readUpTo(response, MOST_BYTES, (bytes) => pieces.push(bytes));
      const text = Buffer.concat(pieces).toString();
      return { status: response.status, text, location: response.headers.get('location') };
    });
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (error.code === 'ADDRESS_REFUSED') throw new CrawlError(error.code, error.message);
    throw new SiteUnreachableError(error.message, { cause: error });
  }
}
