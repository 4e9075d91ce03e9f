import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { InjectDataSource, TypeOrmModule } from '@nestjs/typeorm';
import { Task, TaskContext, TasksModule, runWorker } from 'celeriac';
import type { DataSource } from 'typeorm';

/** Notes by the database's clock when it begins and ends: the clock that all processes share. */
@Injectable()
export class CountedTasks {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  @Task({ limit: [{ concurrency: 3 }, { concurrency: 1, key: (key: string) => key }] })
  narrow(key: string, ms: number, ctx: TaskContext): Promise<void> {
    return this.count(ctx, key, ms);
  }

  @Task({ limit: { rate: '50/s', burst: 3 } })
  rated(key: string, ms: number, ctx: TaskContext): Promise<void> {
    return this.count(ctx, key, ms);
  }

  private async count({ id, attempt, name }: TaskContext, key: string, ms: number): Promise<void> {
    const row = [id, attempt];
    await this.dataSource.query(
      'INSERT INTO ran (id, attempt, name, key, pid, from_at) VALUES ($1, $2, $3, $4, $5, clock_timestamp())',
      [...row, name, key, process.pid],
    );
    await sleep(ms);
    await this.dataSource.query(
      'UPDATE ran SET to_at = clock_timestamp() WHERE id = $1 AND attempt = $2',
      row,
    );
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL! }),
    TasksModule.forRoot({ lease: '6s' }),
  ],
  providers: [CountedTasks],
})
class WorkerModule {}

await runWorker(WorkerModule, { concurrency: 5, nest: { logger: ['error'] } });
