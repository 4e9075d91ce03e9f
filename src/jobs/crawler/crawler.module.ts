import { type DynamicModule, Module } from '@nestjs/common';
import { type CrawlerOptions, CrawlerSettings } from './crawler.options.js';
import { CrawlerTasks } from './crawler.tasks.js';

/** The task `crawler.crawl`. */
@Module({})
export class CrawlerModule {
  static forRoot(options: CrawlerOptions = {}): DynamicModule {
    return {
      module: CrawlerModule,
      providers: [{ provide: CrawlerSettings, useFactory: () => new CrawlerSettings(options) }, CrawlerTasks],
    };
  }
}
