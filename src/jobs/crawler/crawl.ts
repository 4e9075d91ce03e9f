import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskContext } from '../../tasks/index.js';
import { CrawlError } from './crawler.errors.js';
import type { CheckedInput } from './crawler.input.js';
import type { CrawlerSettings } from './crawler.options.js';
import { composeReport } from './crawl-report.js';
import type { CrawlReport, PageReport } from './crawler.types.js';
import { Frontier, type Visit } from './frontier.js';
import { originOf } from './page-url.js';
import { loadRobots, type Robots } from './robots.js';
import type { SiteClient } from './site-client.js';
import { visitPage, type VisitedPage } from './visit-page.js';

/** Goes through one site, one page after the other. */
export class Crawl {
  private readonly startedAt = Date.now();
  private readonly origin: string;
  private readonly pages = new Map<string, PageReport>();
  private externalLinks = 0;

  constructor(
    private readonly input: CheckedInput,
    private readonly settings: CrawlerSettings,
    private readonly client: SiteClient,
    private readonly context: Pick<TaskContext, 'progress' | 'signal'>,
  ) {
    this.origin = originOf(input.url);
  }

  async run(): Promise<CrawlReport> {
    const { url, maxPages } = this.input;
    const robots = await loadRobots(this.client, this.origin, this.settings);
    if (!robots.allows(url))
      throw new CrawlError(
        'DISALLOWED_BY_ROBOTS',
        `robots.txt of ${this.origin} does not allow ${this.settings.userAgent} to visit this page`,
      );
    const delay = this.delayBetween(robots);
    const frontier = new Frontier((found) => robots.allows(found));
    frontier.add(url, 0);
    while (this.pages.size < maxPages) {
      const visit = frontier.take();
      if (!visit) break;
      await this.report(visit.url, frontier);
      // robots.txt was a request too
      await sleep(delay, undefined, { signal: this.context.signal });
      const page = await visitPage(this.client, visit.url, this.settings.maxPageBytes);
      this.note(visit, page, frontier);
    }
    await this.report(url, frontier);
    const { pages, externalLinks, startedAt } = this;
    return composeReport({ url, pages, externalLinks, delay, frontier, durationMs: Date.now() - startedAt });
  }

  private delayBetween(robots: Robots): number {
    const { delay = this.settings.delay } = this.input;
    return Math.max(delay, Math.min(robots.delay, this.settings.maxDelay));
  }

  private note({ url, depth }: Visit, { links, ...page }: VisitedPage, frontier: Frontier): void {
    const report: PageReport = { url, depth, ...page, links: links.length };
    this.pages.set(url, report);
    const target = page.redirectedTo;
    if (target !== null && this.isInside(target)) frontier.add(target, depth);
    else if (target !== null)
      report.error = {
        code: 'OTHER_SITE',
        message: `it redirects to ${originOf(target)}, which is another site: crawl that one to see it`,
      };
    for (const link of links) {
      if (!this.isInside(link)) {
        this.externalLinks++;
        continue;
      }
      if (depth < this.input.depth) frontier.add(link, depth + 1);
      frontier.addLink(url, link);
    }
  }

  private isInside(url: string): boolean {
    return originOf(url) === this.origin;
  }

  private async report(url: string, frontier: Frontier): Promise<void> {
    const known = Math.min(frontier.found, this.input.maxPages);
    await this.context.progress(this.pages.size, known, url, { url, found: frontier.found });
  }
}
