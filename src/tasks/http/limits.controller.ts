import { Body, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { RemoteControl } from '../control/remote/remote-control.js';
import type { TaskOverride } from '../definition/task-overrides.js';
import { CurrentPrincipal, Needs } from './access/access.guard.js';
import { byOf, type Principal } from './access/principal.js';
import { parseRateLimit, parseTimeLimits } from './requests/limit-request.js';

/** What is changed of a task in every worker, over what its code says; null: as the code says. */
export interface ChangedLimits {
  task: string;
  /** Starts a second; 0: any number. */
  rate: number | null;
  burst: number | null;
  softTimeLimitMs: number | null;
  timeLimitMs: number | null;
}

/** Rates and time limits of tasks, changed while they run. */
export class LimitsController {
  constructor(@Inject(RemoteControl) private readonly remote: RemoteControl) {}

  @Get('limits')
  @Needs('administer')
  async limits(): Promise<{ items: ChangedLimits[] }> {
    const items = (await this.remote.overrides()).map(toLimits);
    return {
      items: items.filter(({ task: _task, ...limits }) =>
        Object.values(limits).some((value) => value !== null),
      ),
    };
  }

  @Post('limits/:task/rate')
  @HttpCode(200)
  @Needs('administer')
  async rate(
    @Param('task') task: string,
    @Body() body: unknown,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ChangedLimits> {
    const { rate, burst } = parseRateLimit(body);
    await this.remote.rateLimit(task, rate, { burst, by: byOf(principal) });
    return this.of(task);
  }

  @Post('limits/:task/time')
  @HttpCode(200)
  @Needs('administer')
  async time(
    @Param('task') task: string,
    @Body() body: unknown,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ChangedLimits> {
    await this.remote.timeLimit(task, parseTimeLimits(body), { by: byOf(principal) });
    return this.of(task);
  }

  private async of(task: string): Promise<ChangedLimits> {
    const all = await this.remote.overrides();
    return toLimits(all.find((override) => override.task === task) ?? { task });
  }
}

const toLimits = ({ task, rate, burst, softTimeLimitMs, timeLimitMs }: TaskOverride): ChangedLimits => ({
  task,
  rate: rate ?? null,
  burst: burst ?? null,
  softTimeLimitMs: softTimeLimitMs ?? null,
  timeLimitMs: timeLimitMs ?? null,
});
