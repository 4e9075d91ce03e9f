import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TasksModule } from 'celeriac';
import { TasksDashboardModule } from 'celeriac/dashboard';
import { TasksHttpModule } from 'celeriac/http';
import { Report } from './report.entity.js';
import { ReportTasks } from './report.tasks.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL!,
      entities: [Report],
      synchronize: true,
      entityPrefix: 'shop_',
    }),
    TypeOrmModule.forFeature([Report]),
    TasksModule.forRoot({
      broker: process.env.BROKER_URL,
      worker: process.env.WORKER === 'none' ? 'none' : 'inline',
    }),
    TasksHttpModule.forRoot(),
    TasksDashboardModule.forRoot(),
  ],
  providers: [ReportTasks],
})
export class AppModule {}
