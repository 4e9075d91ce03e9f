import { ApiAcceptedResponse, ApiBody, ApiCreatedResponse, ApiOkResponse, ApiParam } from '@nestjs/swagger';
import { SchedulesController } from '../schedules.controller.js';
import { ApiErrors } from './error.dto.js';
import { filter } from './parameters.js';
import { documentRoute } from './route.js';
import {
  NewScheduleDto,
  ScheduleChangesDto,
  ScheduleDto,
  SchedulePageDto,
  SchedulePreviewDto,
  SchedulePreviewRequestDto,
} from './schedule.dto.js';
import { TaskRecordDto } from './task-record.dto.js';

const id = ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } });

export function documentSchedules(): void {
  const errors = ApiErrors(400, 401, 403, 404, 409, 413, 415, 429, 503);
  documentRoute(SchedulesController, 'listSchedules', 'Schedules by name', [
    filter('task', 'The name of their task.'),
    filter('enabled', 'Whether they are.', { type: 'string', enum: ['true', 'false'] }),
    filter('search', "A part of their name or of their task's.", { type: 'string', maxLength: 200 }),
    filter('limit', 'At most so many.', { type: 'integer', minimum: 1, maximum: 200, default: 50 }),
    filter('cursor', 'The `nextCursor` of the page before.'),
    ApiOkResponse({ type: SchedulePageDto }),
    ApiErrors(400, 401, 403, 429, 503),
  ]);
  documentRoute(SchedulesController, 'create', 'Makes a schedule', [
    ApiBody({ type: NewScheduleDto }),
    ApiCreatedResponse({ type: ScheduleDto }),
    errors,
  ]);
  documentRoute(SchedulesController, 'preview', 'The next runs of a schedule, before it is saved', [
    ApiBody({ type: SchedulePreviewRequestDto }),
    ApiOkResponse({ type: SchedulePreviewDto }),
    ApiErrors(400, 401, 403, 404, 413, 415, 429, 503),
  ]);
  documentRoute(SchedulesController, 'schedule', 'A schedule', [
    id,
    ApiOkResponse({ type: ScheduleDto }),
    ApiErrors(400, 401, 403, 404, 429, 503),
  ]);
  documentRoute(SchedulesController, 'change', 'Changes a schedule, pauses or resumes it', [
    id,
    ApiBody({ type: ScheduleChangesDto }),
    ApiOkResponse({ type: ScheduleDto }),
    errors,
  ]);
  documentRoute(SchedulesController, 'remove', 'Removes a schedule', [
    id,
    ApiOkResponse({ type: ScheduleDto, description: 'As it was.' }),
    errors,
  ]);
  documentRoute(SchedulesController, 'run', 'Submits the task of a schedule now', [
    id,
    ApiAcceptedResponse({ type: TaskRecordDto }),
    errors,
  ]);
}
