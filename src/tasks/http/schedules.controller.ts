import { Body, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import type { TaskDefinition } from '../definition/task-definition.js';
import { TaskRegistry } from '../definition/task-registry.js';
import { checkArguments } from '../definition/validation/check-arguments.js';
import { InvalidOptionError, UnknownTaskError } from '../errors.js';
import { ScheduleService, type SchedulePreview } from '../schedule/schedule.service.js';
import type { ScheduleRecord } from '../schedule/schedule-record.js';
import { assertTaskId } from '../submission/task-id.js';
import { TaskService } from '../submission/task.service.js';
import type { TaskRecord } from '../submission/task-view.js';
import { CurrentPrincipal, Needs } from './access/access.guard.js';
import { byOf, type Principal } from './access/principal.js';
import {
  parseNewSchedule,
  parseScheduleChanges,
  parseScheduleList,
  parseSchedulePreview,
} from './requests/schedule-request.js';

/** Schedules. `TasksHttpModule` mounts it before the tasks' own routes: its name is reserved. */
export class SchedulesController {
  constructor(
    @Inject(ScheduleService) private readonly schedules: ScheduleService,
    @Inject(TaskService) private readonly tasks: TaskService,
    @Inject(TaskRegistry) private readonly registry: TaskRegistry,
  ) {}

  @Get('schedules')
  @Needs('administer')
  listSchedules(
    @Query() query: Record<string, unknown>,
  ): Promise<{ items: ScheduleRecord[]; nextCursor: string | null }> {
    const { filter, page } = parseScheduleList(query);
    return this.schedules.list(filter, page);
  }

  @Post('schedules')
  @Needs('administer')
  async create(@Body() body: unknown, @CurrentPrincipal() principal: Principal): Promise<ScheduleRecord> {
    const schedule = parseNewSchedule(body);
    await this.assertAllowed(schedule.task, schedule.args, schedule.queue);
    return this.schedules.create(schedule, { by: byOf(principal) });
  }

  /** The next runs, before anything is saved. */
  @Post('schedules/preview')
  @HttpCode(200)
  @Needs('administer')
  async preview(@Body() body: unknown): Promise<SchedulePreview> {
    const schedule = parseSchedulePreview(body);
    if (schedule.task !== undefined) await this.assertAllowed(schedule.task, schedule.args, schedule.queue);
    return this.schedules.preview(schedule);
  }

  @Get('schedules/:id')
  @Needs('administer')
  schedule(@Param('id') id: string): Promise<ScheduleRecord> {
    return this.schedules.get(assertTaskId(id));
  }

  @Patch('schedules/:id')
  @Needs('administer')
  async change(
    @Param('id') id: string,
    @Body() body: unknown,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ScheduleRecord> {
    const changes = parseScheduleChanges(body);
    const { task, args } = await this.schedules.get(assertTaskId(id));
    // what was there stays allowed
    if (changes.task !== undefined || changes.args !== undefined)
      await this.assertAllowed(
        changes.task ?? task,
        changes.args === undefined ? args : (changes.args ?? []),
      );
    await this.checkQueue(changes.queue ?? undefined);
    return this.schedules.update(id, changes, { by: byOf(principal) });
  }

  @Delete('schedules/:id')
  @Needs('administer')
  remove(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<ScheduleRecord> {
    return this.schedules.delete(assertTaskId(id), { by: byOf(principal) });
  }

  /** Submits its task now, beside its ticks. */
  @Post('schedules/:id/run')
  @HttpCode(202)
  @Needs('administer')
  async run(@Param('id') id: string, @CurrentPrincipal() principal: Principal): Promise<TaskRecord> {
    const handle = await this.schedules.runNow(assertTaskId(id), { by: byOf(principal) });
    return handle.record();
  }

  /** A schedule submits, so what may not be submitted over HTTP may not be scheduled either. */
  private async assertAllowed(task: string, args: readonly unknown[] = [], queue?: string): Promise<void> {
    const definition: TaskDefinition | undefined = this.registry.find(task);
    if (definition?.http !== true) throw new UnknownTaskError(task, '', 'task');
    if (Array.isArray(args)) await checkArguments(definition, args, 'args');
    await this.checkQueue(queue);
  }

  /** A request makes no queues: a typing error would wait for ever. */
  private async checkQueue(queue: unknown): Promise<void> {
    if (typeof queue === 'string' && !(await this.tasks.knowsQueue(queue)))
      throw new InvalidOptionError('queue', 'a queue that is known here', 'another one', 'UNKNOWN_QUEUE');
  }
}
