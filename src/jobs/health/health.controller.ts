import { Controller, Get, ServiceUnavailableException, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiTags, type ApiResponseNoStatusOptions } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { ApiErrors } from '../../tasks/http/openapi/index.js';
import { TaskService, type TasksHealth } from '../../tasks/index.js';

/** An answer that comes later than this is no answer. */
const TIMEOUT_MS = 1500;

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

@ApiTags('health')
@SkipThrottle()
@Controller({ path: 'health', version: VERSION_NEUTRAL })
export class HealthController {
  constructor(private readonly tasks: TaskService) {}

  /** The process runs. */
  @ApiOkResponse(OK)
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /**
   * It can accept tasks: the database answers, and it is not about to end. Without its broker they are accepted too, and
   * run later.
   */
  @ApiOkResponse(READY)
  @ApiErrors(503)
  @Get(['', 'ready'])
  async ready(): Promise<{ status: 'ok' } & TasksHealth> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    });
    try {
      return { status: 'ok', ...(await Promise.race([this.tasks.health(), late])) };
    } catch (error) {
      throw new ServiceUnavailableException({ code: 'NOT_READY', message: (error as Error).message });
    } finally {
      clearTimeout(timer);
    }
  }
}
