import { ApiBody, ApiExtraModels, ApiOkResponse, ApiParam, ApiQuery, getSchemaPath } from '@nestjs/swagger';
import { STATISTICS_WINDOWS } from '../../observability/task-statistics.js';
import { BulkController } from '../bulk.controller.js';
import { LiveTasksController } from '../live-tasks.controller.js';
import { StatisticsController } from '../statistics.controller.js';
import { TasksController } from '../tasks.controller.js';
import { ApiErrors } from './error.dto.js';
import { REDACT } from './parameters.js';
import { documentRoute } from './route.js';
import {
  AuditPageDto,
  BulkActionRequestDto,
  BulkCountDto,
  BulkResultDto,
  ErrorGroupsDto,
  StatisticsDto,
  TaskLogsDto,
} from './statistics.dto.js';

const query = (name: string, description: string, schema: object = { type: 'string' }) =>
  ApiQuery({ name, required: false, description, schema });
const limit = query('limit', 'At most so many.', { type: 'integer', minimum: 1, maximum: 200, default: 100 });
const read = ApiErrors(400, 401, 403, 429, 503);

export function documentStatistics(): void {
  documentRoute(StatisticsController, 'stats', 'What happened within a window, from roll-ups', [
    query('window', 'How far back.', { type: 'string', enum: STATISTICS_WINDOWS, default: '1h' }),
    query('name', 'Only of this task.'),
    query('queue', 'Only of this queue.'),
    ApiOkResponse({ type: StatisticsDto }),
    read,
  ]);
  documentRoute(StatisticsController, 'errors', 'Failures by their cause, those first that were seen last', [
    query('search', 'A part of the task’s name, or of the error’s name or message.'),
    query('name', 'Only of this task.'),
    query('from', 'Seen at this time or later.', { type: 'string', format: 'date-time' }),
    limit,
    ApiOkResponse({ type: ErrorGroupsDto }),
    read,
  ]);
  documentRoute(StatisticsController, 'audit', 'What operators did, newest first', [
    query('task', 'Only to this task.', { type: 'string', format: 'uuid' }),
    limit,
    query('cursor', 'The `nextCursor` of the page before.'),
    ApiOkResponse({ type: AuditPageDto }),
    read,
  ]);
  documentRoute(LiveTasksController, 'events', 'Tasks that change, as server-sent events', [
    ApiOkResponse({
      content: { 'text/event-stream': { schema: { type: 'string' } } },
      description:
        'Events `changed`, at most four a second: `{ items, more }`, the tasks as in a list, and whether others have changed too.',
    }),
    ApiErrors(401, 403, 429, 503),
  ]);
  documentRoute(TasksController, 'logs', 'What a task logged', [
    ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } }),
    REDACT,
    ApiOkResponse({ type: TaskLogsDto }),
    ApiErrors(400, 401, 403, 404, 429, 503),
  ]);
  documentRoute(
    BulkController,
    'act',
    'Revokes, retries or forgets the tasks that fit, at most 10,000 at once',
    [
      ApiExtraModels(BulkCountDto, BulkResultDto),
      ApiBody({ type: BulkActionRequestDto }),
      ApiOkResponse({
        schema: { oneOf: [{ $ref: getSchemaPath(BulkCountDto) }, { $ref: getSchemaPath(BulkResultDto) }] },
        description: 'With `count: true` how many they are, else how many it was done to.',
      }),
      ApiErrors(400, 401, 403, 413, 415, 429, 503),
    ],
  );
}
