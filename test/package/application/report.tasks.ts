import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Task, TaskContext } from 'celeriac';
import { Repository } from 'typeorm';
import { Report } from './report.entity.js';

@Injectable()
export class ReportTasks {
  constructor(@InjectRepository(Report) private readonly reports: Repository<Report>) {}

  @Task({ http: true, retry: { max: 2, delay: 0 } })
  async write(title: string, failures: number, ctx: TaskContext): Promise<Report> {
    if (ctx.attempt <= failures) throw new Error(`attempt ${ctx.attempt}`);
    await ctx.progress(1, 1);
    return this.reports.save({ title });
  }
}
