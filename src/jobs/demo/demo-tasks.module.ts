import { Module, type DynamicModule } from '@nestjs/common';
import { DEMO_OPTIONS, type DemoOptions } from './demo.options.js';
import { DemoTasks } from './demo.tasks.js';

@Module({})
export class DemoTasksModule {
  static forRoot(options: DemoOptions): DynamicModule {
    return {
      module: DemoTasksModule,
      providers: [DemoTasks, { provide: DEMO_OPTIONS, useValue: options }],
      exports: [DemoTasks],
    };
  }
}
