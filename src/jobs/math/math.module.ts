import { Module } from '@nestjs/common';
import { MathTasks } from './math.tasks.js';

@Module({ providers: [MathTasks] })
export class MathModule {}
