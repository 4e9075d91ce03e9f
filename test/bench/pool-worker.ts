import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TasksModule, runWorker, workerFlags } from '#dist/tasks/index.js';
import { BenchTasks } from './harness.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL! }),
    TasksModule.forRoot({}),
  ],
  providers: [BenchTasks],
})
class PoolModule {}

await runWorker(PoolModule, workerFlags({ nest: { logger: ['error'] } }));
