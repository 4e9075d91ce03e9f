import { Injectable } from '@nestjs/common';
import { Task, TaskContext } from '../../tasks/index.js';
import { Crawl } from './crawl.js';
import { SiteUnreachableError } from './crawler.errors.js';
import { readInput } from './crawler.input.js';
import { CrawlerSettings } from './crawler.options.js';
import type { CrawlInput, CrawlReport } from './crawler.types.js';
import { createAgent } from './guarded-agent.js';
import { SiteClient } from './site-client.js';

@Injectable()
export class CrawlerTasks {
  constructor(private readonly settings: CrawlerSettings) {}

  /** Visits the pages of one site, breadth first, and reports on them and on the links that lead nowhere. */
  @Task({
    name: 'crawler.crawl',
    http: true,
    softTimeLimit: '2h',
    retry: { for: [SiteUnreachableError], max: 2, delay: '10s', backoff: true },
  })
  async crawl(given: CrawlInput, ctx: TaskContext): Promise<CrawlReport> {
    const input = readInput(given);
    const agent = createAgent(this.settings);
    try {
      return await new Crawl(
        input,
        this.settings,
        new SiteClient(agent, this.settings, ctx.signal),
        ctx,
      ).run();
    } finally {
      await agent.destroy();
    }
  }
}
