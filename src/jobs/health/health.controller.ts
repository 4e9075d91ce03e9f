import { Controller, Get, ServiceUnavailableException, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { ApiErrors } from '../../tasks/http/openapi/index.js';
import { TaskService } from '../../tasks/index.js';

/** An answer that comes later than this is no answer. */
const TIMEOUT_MS = 1500;

const OK = {
  schema: { type: 'object', properties: { status: { type: 'string', example: 'ok' } } },
} as const;

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

  /** It can accept tasks: database and broker answer, and it is not about to end. */
  @ApiOkResponse(OK)
  @ApiErrors(503)
  @Get(['', 'ready'])
  async ready(): Promise<{ status: 'ok' }> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    });
    try {
      await Promise.race([this.tasks.ping(), late]);
    } catch (error) {
      throw new ServiceUnavailableException({ code: 'NOT_READY', message: (error as Error).message });
    } finally {
      clearTimeout(timer);
    }
    return { status: 'ok' };
  }
}
