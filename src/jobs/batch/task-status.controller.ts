import { Controller, Get, Param, UseGuards } from '@nestjs/common';
import {
  CurrentPrincipal,
  Needs,
  TasksAccessGuard,
  scopeOf,
  type Principal,
} from '../../tasks/http/index.js';
import { TaskNotFoundError, type TaskRecord, TaskService } from '../../tasks/index.js';
import { RefusedError } from './batch.errors.js';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** What is told about a task here; the library's own routes under `/tasks` tell all of it. */
export interface TaskStatus {
  task_id: string;
  state: string;
  progress: unknown;
  result: unknown;
  error: { name: string; message: string } | null;
}

@Controller('task-status')
export class TaskStatusController {
  constructor(private readonly tasks: TaskService) {}

  /** Another owner's task is answered like one that does not exist. */
  @Get(':id')
  @UseGuards(TasksAccessGuard)
  @Needs('see')
  async status(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<TaskStatus> {
    if (!UUID.test(id)) throw new RefusedError(400, 'INVALID_ID', 'expected the id of a task, a UUID', 'id');
    const { state, progress, result, error } = await this.find(id.toLowerCase(), scopeOf(principal));
    // the stack is left out: it is of no use to whoever sent the files
    return {
      task_id: id.toLowerCase(),
      state,
      progress,
      result,
      error: error && { name: error.name, message: error.message },
    };
  }

  private async find(id: string, owner: string | undefined): Promise<TaskRecord> {
    try {
      return await this.tasks.record(id, { owner });
    } catch (error) {
      if (error instanceof TaskNotFoundError)
        throw new RefusedError(
          404,
          error.code,
          'no task has this id: it may have been deleted after its retention time',
          'id',
        );
      throw error;
    }
  }
}
