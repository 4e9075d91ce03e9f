import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  ApiParam,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { ApiErrors, TaskProgressDto, documentRoute } from '../../tasks/http/openapi/index.js';
import { BatchController } from './batch.controller.js';
import { TaskStatusController } from './task-status.controller.js';

const topWords = { type: 'integer', minimum: 0, maximum: 100, default: 10 } as const;

export function documentBatchRoutes(): void {
  documentRoute(BatchController, 'submit', 'Analyses files in the background', [
    ApiTags('batch'),
    ApiBearerAuth(),
    ApiConsumes('application/json', 'multipart/form-data'),
    ApiBody({
      schema: {
        type: 'object',
        description: 'JSON with `paths` below the configured folder, or a form with `files`.',
        properties: {
          paths: { type: 'array', items: { type: 'string', maxLength: 1024 }, minItems: 1 },
          files: { type: 'array', items: { type: 'string', format: 'binary' } },
          topWords,
        },
      },
    }),
    ApiAcceptedResponse({
      schema: {
        type: 'object',
        required: ['task_id'],
        properties: { task_id: { type: 'string', format: 'uuid' } },
      },
    }),
    ApiErrors(400, 401, 403, 413, 415, 429, 503),
  ]);
  documentRoute(TaskStatusController, 'status', 'How far a task is', [
    ApiTags('batch'),
    ApiBearerAuth(),
    ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } }),
    ApiExtraModels(TaskProgressDto),
    ApiOkResponse({
      schema: {
        type: 'object',
        required: ['task_id', 'state', 'progress', 'result', 'error'],
        properties: {
          task_id: { type: 'string', format: 'uuid' },
          state: { type: 'string', example: 'STARTED' },
          progress: { nullable: true, allOf: [{ $ref: getSchemaPath(TaskProgressDto) }] },
          result: { description: 'The report, once it has succeeded.' },
          error: {
            type: 'object',
            nullable: true,
            required: ['name', 'message'],
            properties: { name: { type: 'string' }, message: { type: 'string' } },
          },
        },
      },
    }),
    ApiErrors(400, 401, 403, 404, 429, 503),
  ]);
}
