import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { TypeOrmModule } from '@nestjs/typeorm';
import { mayPass } from './database-errors.js';
import { ApplicationDatabase, DatabaseModule } from './database.module.js';
import { environment } from './environment.js';
import type { Throttle } from './environment-values.js';
import { BatchModule } from './jobs/batch/batch.module.js';
import { DemoTasksModule } from './jobs/demo/demo-tasks.module.js';
import { CrawlerModule } from './jobs/crawler/crawler.module.js';
import { EmailModule } from './jobs/email/email.module.js';
import { HealthModule } from './jobs/health/health.module.js';
import { ImagesModule } from './jobs/images/images.module.js';
import { MathModule } from './jobs/math/math.module.js';
import { TasksDashboardModule } from './tasks/dashboard/index.js';
import { HttpErrorFilter, TasksHttpModule } from './tasks/http/index.js';
import { TasksModule } from './tasks/index.js';
import { TasksMetricsModule } from './tasks/observability/metrics/index.js';

const production = environment.NODE_ENV === 'production';

const throttlerModule = (throttle: Throttle) =>
  ThrottlerModule.forRoot({ throttlers: [throttle], errorMessage: 'too many requests: try again later' });

@Module({
  imports: [
    DatabaseModule,
    TypeOrmModule.forRootAsync({
      inject: [ApplicationDatabase],
      useFactory: (database: ApplicationDatabase) => ({
        type: 'postgres',
        url: database.url,
        toRetry: mayPass,
      }),
    }),
    TasksModule.forRoot({
      broker: environment.BROKER_URL,
      directUrl: environment.DIRECT_DATABASE_URL,
      worker: environment.WORKER ?? (production ? 'none' : 'inline'),
      queues: environment.QUEUES,
      concurrency: environment.CONCURRENCY,
      workerEntry: new URL('worker.js', import.meta.url),
      shutdownGrace: environment.SHUTDOWN_GRACE,
      lease: environment.LEASE,
      queueLimits: environment.QUEUE_LIMITS,
      retention: environment.RETENTION,
      timezone: environment.TIMEZONE,
    }),
    ...(environment.THROTTLE ? [throttlerModule(environment.THROTTLE)] : []),
    TasksHttpModule.forRoot({
      publicUrl: environment.PUBLIC_URL,
      keys: environment.API_KEYS,
      // keys are asked for even where strangers were allowed
      anonymous: environment.ALLOW_ANONYMOUS && !environment.API_KEYS,
    }),
    TasksDashboardModule.forRoot(),
    TasksMetricsModule.forRoot(),
    HealthModule,
    MathModule,
    EmailModule.forRoot({
      smtpUrl: environment.SMTP_URL,
      from: environment.EMAIL_FROM,
      outbox: environment.OUTBOX_FOLDER,
    }),
    ImagesModule.forRoot({ folder: environment.IMAGES_FOLDER, output: environment.THUMBNAILS_FOLDER }),
    CrawlerModule.forRoot({
      allowPrivateAddresses: environment.CRAWLER_ALLOW_PRIVATE_ADDRESSES,
      userAgent: environment.CRAWLER_USER_AGENT,
    }),
    BatchModule.forRoot({ folder: environment.BATCH_FOLDER, uploads: environment.UPLOADS_FOLDER }),
    ...(production ? [] : [DemoTasksModule.forRoot({ ledger: environment.DEMO_LEDGER })]),
  ],
  providers: [
    { provide: APP_FILTER, useClass: HttpErrorFilter },
    ...(environment.THROTTLE ? [{ provide: APP_GUARD, useClass: ThrottlerGuard }] : []),
  ],
})
export class AppModule {}
