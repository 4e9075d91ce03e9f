import type { BrokenLink, CrawlReport, PageReport, ProblemCode } from './crawler.types.js';
import type { Frontier } from './frontier.js';

const MOST_BROKEN = 100;
const BROKEN: readonly ProblemCode[] = [
  'UNREACHABLE',
  'TIMED_OUT',
  'ADDRESS_REFUSED',
  'REDIRECT_LOOP',
  'REDIRECT_REFUSED',
];

interface Findings {
  url: string;
  pages: Map<string, PageReport>;
  externalLinks: number;
  delay: number;
  durationMs: number;
  frontier: Frontier;
}

/** What a crawl found, in lists of bounded length. */
export function composeReport({ pages, frontier, ...findings }: Findings): CrawlReport {
  markLoops(pages);
  const broken = [...pages.values()].flatMap((page) => brokenLink(page, pages, frontier) ?? []);
  return {
    url: findings.url,
    pages: [...pages.values()],
    broken: broken.slice(0, MOST_BROKEN),
    brokenCount: broken.length,
    externalLinks: findings.externalLinks,
    disallowed: frontier.disallowed,
    notVisited: frontier.found - pages.size + frontier.unnoted,
    delay: findings.delay,
    durationMs: findings.durationMs,
  };
}

/** A visitor who follows a link follows its redirects too: it is as broken as the page where they end. */
function brokenLink(
  { url }: PageReport,
  pages: ReadonlyMap<string, PageReport>,
  frontier: Frontier,
): BrokenLink | undefined {
  const linking = frontier.linksTo(url);
  const { status, error } = redirectsFrom(url, pages).at(-1)!;
  const isBroken = (status ?? 0) >= 400 || (error !== null && BROKEN.includes(error.code));
  if (!linking || !isBroken) return undefined;
  return { url, status, error, linkedFrom: linking.from, linkedFromCount: linking.count };
}

function markLoops(pages: ReadonlyMap<string, PageReport>): void {
  for (const page of pages.values()) {
    const last = redirectsFrom(page.url, pages).at(-1)!;
    const inLoop = last.redirectedTo !== null && pages.has(last.redirectedTo);
    if (inLoop) page.error = { code: 'REDIRECT_LOOP', message: 'its redirects lead in a circle' };
  }
}

/** The page and those that its redirects lead to, each once. */
function redirectsFrom(url: string, pages: ReadonlyMap<string, PageReport>): PageReport[] {
  const way = new Set<PageReport>();
  let page = pages.get(url);
  while (page && !way.has(page)) {
    way.add(page);
    page = page.redirectedTo === null ? undefined : pages.get(page.redirectedTo);
  }
  return [...way];
}
