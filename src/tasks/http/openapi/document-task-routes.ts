import { applyDecorators } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { TASK_STATES } from '../../store/states.js';
import { BulkController } from '../bulk.controller.js';
import { LimitsController } from '../limits.controller.js';
import { LiveTasksController } from '../live-tasks.controller.js';
import { StatisticsController } from '../statistics.controller.js';
import { AdministrationController } from '../administration.controller.js';
import { SubmissionController } from '../submission.controller.js';
import { TaskEventsController } from '../task-events.controller.js';
import { SchedulesController } from '../schedules.controller.js';
import { TasksController } from '../tasks.controller.js';
import { WorkflowsController } from '../workflows.controller.js';
import { WorkersController } from '../workers.controller.js';
import { PurgedDto, QueueStatusDto, QueuesDto, RevokedManyDto } from './administration.dto.js';
import { documentLimits } from './document-limits.js';
import { documentStatistics } from './document-statistics.js';
import { ApiErrors } from './error.dto.js';
import { RegisteredTasksDto } from './registered-task.dto.js';
import {
  BulkAnswerDto,
  BulkRequestDto,
  RetryDto,
  RevokeManyRequestDto,
  RevokeRequestDto,
  SubmitRequestDto,
  UniqueDto,
} from './submission.dto.js';
import { documentSchedules } from './document-schedules.js';
import { documentWorkers } from './document-workers.js';
import { documentWorkflows } from './document-workflows.js';
import { INHERITED, REDACT, filter } from './parameters.js';
import { documentRoute } from './route.js';
import {
  SubmittedTaskDto,
  TaskHistoryDto,
  TaskPageDto,
  TaskRecordDto,
  TaskStatusDto,
} from './task-record.dto.js';

const id = ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } });
const queue = ApiParam({ name: 'queue', example: 'default', schema: { type: 'string' } });
let done = false;

/**
 * Describes the routes of `TasksHttpModule` for OpenAPI: call it before `SwaggerModule.createDocument()`. What it
 * describes appears where the routes are mounted. May be called twice.
 */
export function documentTaskRoutes(): void {
  if (done) return;
  done = true;
  for (const controller of [
    SubmissionController,
    TasksController,
    TaskEventsController,
    AdministrationController,
    WorkflowsController,
    SchedulesController,
    WorkersController,
    LimitsController,
    StatisticsController,
    BulkController,
    LiveTasksController,
  ])
    applyDecorators(ApiTags('tasks'), ApiBearerAuth())(controller);
  documentSubmission();
  documentTasks();
  documentAdministration();
  documentWorkflows();
  documentSchedules();
  documentWorkers();
  documentLimits();
  documentStatistics();
}

function documentSubmission(): void {
  documentRoute(SubmissionController, 'registered', 'The tasks that can be submitted', [
    ApiOkResponse({ type: RegisteredTasksDto }),
    ApiErrors(401, 403, 429, 503),
  ]);
  documentRoute(SubmissionController, 'submit', 'Submits a task', [
    ApiExtraModels(RetryDto, UniqueDto),
    ApiParam({ name: 'name', example: 'math.add', schema: { type: 'string', maxLength: 200 } }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'The same key with the same body gives the same task for 24 hours. Not for unique tasks.',
      schema: { type: 'string', maxLength: 255 },
    }),
    ...INHERITED,
    ApiBody({ type: SubmitRequestDto }),
    ApiAcceptedResponse({
      type: SubmittedTaskDto,
      description: 'It is stored, and will run.',
      headers: { Location: { description: 'Its statusUrl.', schema: { type: 'string' } } },
    }),
    ApiErrors(400, 401, 403, 404, 409, 413, 415, 429, 503),
  ]);
  documentRoute(SubmissionController, 'submitMany', 'Submits many tasks, all or none', [
    ...INHERITED,
    ApiBody({ type: BulkRequestDto }),
    ApiAcceptedResponse({ type: BulkAnswerDto, description: 'All are stored, and will run.' }),
    ApiErrors(400, 401, 403, 404, 409, 413, 415, 429, 503),
  ]);
}

function documentTasks(): void {
  documentRoute(TasksController, 'list', 'Lists tasks, newest first', [
    filter('state', `One or more of ${TASK_STATES.join(', ')}, with commas.`),
    filter('name', "A task's name, or its beginning: `email.*`."),
    filter('queue', 'The queue.'),
    filter('worker', 'The name of the worker that holds it, or held it last.'),
    filter('tag', 'A tag and its value: `user:42`.'),
    filter('from', 'Submitted at this time or later.', { type: 'string', format: 'date-time' }),
    filter('to', 'Submitted before this time.', { type: 'string', format: 'date-time' }),
    filter('search', 'A part of its name or of its error, the value of a tag, or its id.', {
      type: 'string',
      maxLength: 200,
    }),
    filter('args', 'A part of its arguments as JSON, of the last day unless `from` says otherwise.', {
      type: 'string',
      maxLength: 200,
    }),
    filter('error', 'The fingerprint of a group of errors.'),
    filter('parent', 'The task that submitted it.', { type: 'string', format: 'uuid' }),
    filter('sort', 'Oldest or newest first.', {
      type: 'string',
      enum: ['createdAt', '-createdAt'],
      default: '-createdAt',
    }),
    filter('limit', 'At most so many.', { type: 'integer', minimum: 1, maximum: 200, default: 50 }),
    filter('cursor', 'The `nextCursor` of the page before.'),
    filter('include', 'What lists leave out: `args`, `result` or `args,result`.'),
    REDACT,
    ApiOkResponse({ type: TaskPageDto }),
    ApiErrors(400, 401, 403, 429, 503),
  ]);
  documentRoute(TasksController, 'status', 'A task', [
    id,
    filter('wait', 'Waits so long for its end, at most 60 s: a duration such as `20s`, or milliseconds.'),
    REDACT,
    ApiOkResponse({ type: TaskStatusDto, description: 'As it is then, ended or not.' }),
    ApiErrors(400, 401, 403, 404, 429, 503),
  ]);
  documentRoute(TasksController, 'history', 'What happened to a task', [
    id,
    REDACT,
    ApiOkResponse({ type: TaskHistoryDto }),
    ApiErrors(400, 401, 403, 404, 429, 503),
  ]);
  documentRoute(TaskEventsController, 'events', 'A task live, as server-sent events', [
    id,
    ApiHeader({ name: 'Last-Event-ID', required: false, schema: { type: 'string' } }),
    ApiOkResponse({
      content: { 'text/event-stream': { schema: { type: 'string' } } },
      description:
        'Events `state` and `progress` with the record as data; first as it is, last its end. Then the stream ends.',
    }),
    ApiNoContentResponse({ description: 'It has ended, and Last-Event-ID was its end.' }),
    ApiErrors(400, 401, 403, 404, 429, 503),
  ]);
  documentRoute(TasksController, 'revoke', 'Revokes a task', [
    id,
    ApiBody({ type: RevokeRequestDto, required: false }),
    ApiOkResponse({ type: TaskRecordDto, description: 'Ended, or asked to end.' }),
    ApiErrors(400, 401, 403, 404, 409, 413, 415, 429, 503),
  ]);
  documentRoute(TasksController, 'retry', 'Makes a failed or revoked task live again', [
    id,
    ApiOkResponse({ type: TaskRecordDto }),
    ApiErrors(400, 401, 403, 404, 409, 413, 415, 429, 503),
  ]);
  documentRoute(TasksController, 'forget', 'Removes the record of a task that has ended', [
    id,
    ApiOkResponse({ type: TaskRecordDto, description: 'As it was.' }),
    ApiErrors(400, 401, 403, 404, 409, 413, 415, 429, 503),
  ]);
}

function documentAdministration(): void {
  documentRoute(AdministrationController, 'queues', 'Every queue ever used', [
    ApiOkResponse({ type: QueuesDto }),
    ApiErrors(401, 403, 429, 503),
  ]);
  const errors = ApiErrors(400, 401, 403, 404, 413, 415, 429, 503);
  for (const [method, summary] of [
    ['pause', 'Nothing more is taken from the queue'],
    ['resume', 'The queue goes on'],
  ] as const)
    documentRoute(AdministrationController, method, summary, [
      queue,
      ApiOkResponse({ type: QueueStatusDto }),
      errors,
    ]);
  documentRoute(AdministrationController, 'purge', 'Revokes what is ready to be taken from the queue', [
    queue,
    ApiOkResponse({ type: PurgedDto }),
    errors,
  ]);
  documentRoute(
    AdministrationController,
    'revokeMany',
    'Revokes every live task that fits all that is given',
    [
      ApiBody({ type: RevokeManyRequestDto }),
      ApiOkResponse({ type: RevokedManyDto }),
      ApiErrors(400, 401, 403, 413, 415, 429, 503),
    ],
  );
}
