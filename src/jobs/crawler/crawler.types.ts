/** The argument of the task `crawler.crawl`. */
export interface CrawlInput {
  /** Where to begin, http or https. Only pages of its origin (protocol, name and port) are visited. */
  url: string;
  /** How many links away from there; 0 to 5, 0 for the one page. Default 2. */
  depth?: number | undefined;
  /** Pages to visit at most; 1 to 500. Default 50. */
  maxPages?: number | undefined;
  /** Milliseconds between two requests; 0 to 10,000. Default: the module's option; robots.txt may ask for more. */
  delay?: number | undefined;
}

export interface PageReport {
  url: string;
  /** Links away from the first page. */
  depth: number;
  /** null without an answer. */
  status: number | null;
  /** Without its parameters. */
  contentType: string | null;
  title: string | null;
  /** Different pages that it links to, of this site and others. */
  links: number;
  /** Where it sends its visitors; a page of the same site is visited next. */
  redirectedTo: string | null;
  error: PageProblem | null;
}

export interface PageProblem {
  code: ProblemCode;
  message: string;
}

export type ProblemCode =
  | 'UNREACHABLE'
  | 'TIMED_OUT'
  | 'ADDRESS_REFUSED'
  | 'PAGE_TOO_LARGE'
  | 'REDIRECT_LOOP'
  | 'REDIRECT_REFUSED'
  | 'OTHER_SITE';

export interface BrokenLink {
  url: string;
  status: number | null;
  error: PageProblem | null;
  /** At most 10 of the pages that link there. */
  linkedFrom: string[];
  linkedFromCount: number;
}

/** The result of the task `crawler.crawl`. */
export interface CrawlReport {
  url: string;
  /** In the order of the visits. */
  pages: PageReport[];
  /** At most 100 of the links within the site that lead to an error or to nowhere. */
  broken: BrokenLink[];
  brokenCount: number;
  /** Links to other sites, each counted once a page; they are not visited. */
  externalLinks: number;
  /** Pages that robots.txt does not allow. */
  disallowed: number;
  /** Pages that were found and not visited: there were more than `maxPages`. */
  notVisited: number;
  /** Milliseconds that were waited between two requests. */
  delay: number;
  durationMs: number;
}
