import { Injectable, Logger, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Task, TaskContext, TasksModule, runWorker, workerFlags } from 'celeriac';
import { TasksMetricsModule } from 'celeriac/metrics';

@Injectable()
export class ObservedTasks {
  private readonly logger = new Logger('Observed');

  @Task()
  note(secret: string, ctx: TaskContext): string {
    this.logger.log('noted');
    ctx.logger.warn('by the context');
    return secret;
  }

  @Task()
  fail(secret: string): never {
    throw new RangeError(`broken after ${secret.length} characters`);
  }

  @Task()
  leave(): void {
    process.exit(3);
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL! }),
    TasksModule.forRoot({ maxCrashes: 1 }),
    TasksMetricsModule.forRoot({ path: false }),
  ],
  providers: [ObservedTasks],
})
class ObservedModule {}

await runWorker(ObservedModule, workerFlags({ nest: { abortOnError: false } }));
