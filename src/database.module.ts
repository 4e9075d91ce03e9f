import { Global, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './tasks/embedded/index.js';
import { environment } from './environment.js';

/** The application's database: the one that DATABASE_URL names, or an embedded one that the processes share. */
export class ApplicationDatabase implements OnApplicationShutdown {
  private constructor(
    readonly url: string,
    private readonly embedded: EmbeddedPostgres | undefined,
  ) {}

  static async open(): Promise<ApplicationDatabase> {
    if (environment.DATABASE_URL !== undefined)
      return new ApplicationDatabase(environment.DATABASE_URL, undefined);
    const logger = new Logger('Database');
    const embedded = await startEmbeddedPostgres({ onLog: (line) => logger.log(line) });
    return new ApplicationDatabase(embedded.url, embedded);
  }

  get isEmbedded(): boolean {
    return this.embedded !== undefined;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.embedded?.release();
  }
}

/** Global, and imported first, because Nest closes such modules last: an embedded server must outlive what uses it. */
@Global()
@Module({
  providers: [{ provide: ApplicationDatabase, useFactory: () => ApplicationDatabase.open() }],
  exports: [ApplicationDatabase],
})
export class DatabaseModule {}
