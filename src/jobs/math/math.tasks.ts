import { Injectable } from '@nestjs/common';
import { Task } from '../../tasks/index.js';

@Injectable()
export class MathTasks {
  /** The smallest task there is; the guide's and the benchmarks' example. */
  @Task({ http: true })
  add(x: number, y: number): number {
    return x + y;
  }
}
