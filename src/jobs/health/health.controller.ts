import { Controller, Get, ServiceUnavailableException, VERSION_NEUTRAL } from '@nestjs/common';
import { SkipThrottle } from '@nestjs/throttler';
import { TaskService, type TasksHealth } from '../../tasks/index.js';

/** An answer that comes later than this is no answer. */
const TIMEOUT_MS = 1500;

@SkipThrottle()
@Controller({ path: 'health', version: VERSION_NEUTRAL })
export class HealthController {
  constructor(private readonly tasks: TaskService) {}

  /** The process runs. */
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /**
   * It can accept tasks: the database answers, and it is not about to end. Without its broker they are accepted too, and
   * run later.
   */
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
