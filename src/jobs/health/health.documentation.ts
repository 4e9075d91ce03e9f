import { ApiOkResponse, ApiTags, type ApiResponseNoStatusOptions } from '@nestjs/swagger';
import { ApiErrors, documentRoute } from '../../tasks/http/openapi/index.js';
import { HealthController } from './health.controller.js';

const OK = {
  schema: { type: 'object', properties: { status: { type: 'string', example: 'ok' } } },
} as const;

const READY: ApiResponseNoStatusOptions = {
  schema: {
    type: 'object',
    required: ['status', 'database', 'broker', 'unpublished'],
    properties: {
      status: { type: 'string', example: 'ok' },
      database: { type: 'object', properties: { up: { type: 'boolean' } } },
      broker: {
        type: 'object',
        properties: {
          kind: { type: 'string', example: 'redis' },
          up: { type: 'boolean' },
          since: { type: 'string', format: 'date-time' },
          reason: { type: 'string', nullable: true },
        },
      },
      unpublished: {
        type: 'object',
        nullable: true,
        properties: { batches: { type: 'integer' }, oldestMs: { type: 'integer' } },
      },
    },
  },
};

export function documentHealthRoutes(): void {
  ApiTags('health')(HealthController);
  documentRoute(HealthController, 'live', 'The process runs', [ApiOkResponse(OK)]);
  documentRoute(HealthController, 'ready', 'It can accept tasks', [ApiOkResponse(READY), ApiErrors(503)]);
}
