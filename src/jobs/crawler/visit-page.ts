import type { Response } from 'undici';
import { RequestError } from './crawler.errors.js';
import type { PageProblem, PageReport } from './crawler.types.js';
import { PageParser } from './page-parser.js';
import { pageUrl } from './page-url.js';
import { readUpTo, type SiteClient } from './site-client.js';

export interface VisitedPage extends Omit<PageReport, 'url' | 'depth' | 'links'> {
  links: string[];
}

const NOTHING: VisitedPage = {
  status: null,
  contentType: null,
  title: null,
  links: [],
  redirectedTo: null,
  error: null,
};

/** Visits one page; what goes wrong is part of the answer. Throws only when the signal is aborted. */
export async function visitPage(client: SiteClient, url: string, maxBytes: number): Promise<VisitedPage> {
  try {
    return await client.get(url, 'text/html, */*;q=0.1', (response) => read(response, url, maxBytes));
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return { ...NOTHING, error: { code: error.code, message: error.message } };
  }
}

async function read(response: Response, url: string, maxBytes: number): Promise<VisitedPage> {
  const { status, headers } = response;
  const fullType = headers.get('content-type') ?? '';
  const contentType = fullType.split(';', 1)[0]!.trim().toLowerCase().slice(0, 100) || null;
  const page = { ...NOTHING, status, contentType };
  const location = headers.get('location');
  if (status >= 300 && status < 400 && location !== null) return redirected(page, pageUrl(location, url));
  if (contentType !== 'text/html') return page;
  const parser = new PageParser(url, fullType);
  const cut = await readUpTo(response, maxBytes, (bytes) => parser.add(bytes));
  return { ...page, ...parser.end(), error: cut ? tooLarge(maxBytes) : null };
}

function redirected(page: VisitedPage, target: string | undefined): VisitedPage {
  if (target !== undefined) return { ...page, redirectedTo: target };
  return {
    ...page,
    error: { code: 'REDIRECT_REFUSED', message: 'it redirects to what is no page on the web' },
  };
}

function tooLarge(maxBytes: number): PageProblem {
  return {
    code: 'PAGE_TOO_LARGE',
    message: `the page has more than ${maxBytes} bytes: what is behind them was not read`,
  };
}
