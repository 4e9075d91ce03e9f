import { Body, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { Administration } from '../control/administration.js';
import type { Control } from '../control/remote/commands.js';
import { RemoteControl, type Answers } from '../control/remote/remote-control.js';
import type { WorkerDetail, WorkerStatus } from '../control/worker-list.js';
import { CeleriacError } from '../errors.js';
import { ControlRefusedError } from '../execution/worker-controls.js';
import { CurrentPrincipal, Needs } from './access/access.guard.js';
import { byOf, type Principal } from './access/principal.js';
import { assertWorker, parseParams, parseQuestion, parseTimeout } from './requests/worker-request.js';

/** What a worker answered. */
export interface WorkerAnswer {
  worker: string;
  value: unknown;
}

/** The worker did not answer in time: it is busy or gone, and does not do it later. */
export class WorkerSilentError extends CeleriacError {
  readonly code = 'WORKER_SILENT';
}

/** Workers: how they are, and what they are told and asked, one at a time. */
export class WorkersController {
  constructor(
    @Inject(Administration) private readonly administration: Administration,
    @Inject(RemoteControl) private readonly remote: RemoteControl,
  ) {}

  @Get('workers')
  @Needs('administer')
  async workers(): Promise<{ items: WorkerStatus[] }> {
    return { items: await this.administration.workers() };
  }

  @Get('workers/:id')
  @Needs('administer')
  worker(@Param('id') id: string): Promise<WorkerDetail> {
    return this.administration.worker(assertWorker(id));
  }

  /** Asks the worker itself. */
  @Get('workers/:id/:what')
  @Needs('administer')
  async inspect(
    @Param('id') id: string,
    @Param('what') what: string,
    @Query('timeout') timeout: unknown,
  ): Promise<WorkerAnswer> {
    const options = { workers: await this.nameOf(id), timeout: parseTimeout(timeout) };
    return answerOf(await this.remote.inspect(parseQuestion(what), {}, options));
  }

  @Post('workers/:id/ping')
  @HttpCode(200)
  @Needs('administer')
  async ping(@Param('id') id: string, @Query('timeout') timeout: unknown): Promise<WorkerAnswer> {
    const options = { workers: await this.nameOf(id), timeout: parseTimeout(timeout) };
    return answerOf(await this.remote.inspect('ping', {}, options));
  }

  /** Ends it as SIGTERM would: it finishes what it runs, within its grace. */
  @Post('workers/:id/shutdown')
  @HttpCode(200)
  @Needs('administer')
  shutdown(@Param('id') id: string, @Body() body: unknown, @CurrentPrincipal() by: Principal) {
    return this.tell(id, 'shutdown', parseParams(body, []), by);
  }

  @Post('workers/:id/pause')
  @HttpCode(200)
  @Needs('administer')
  pause(@Param('id') id: string, @Body() body: unknown, @CurrentPrincipal() by: Principal) {
    return this.tell(id, 'pause', parseParams(body, []), by);
  }

  @Post('workers/:id/resume')
  @HttpCode(200)
  @Needs('administer')
  resume(@Param('id') id: string, @Body() body: unknown, @CurrentPrincipal() by: Principal) {
    return this.tell(id, 'resume', parseParams(body, []), by);
  }

  @Post('workers/:id/pool-restart')
  @HttpCode(200)
  @Needs('administer')
  poolRestart(@Param('id') id: string, @Body() body: unknown, @CurrentPrincipal() by: Principal) {
    return this.tell(id, 'pool_restart', parseParams(body, []), by, '30s');
  }

  @Post('workers/:id/pool-grow')
  @HttpCode(200)
  @Needs('administer')
  poolGrow(@Param('id') id: string, @Body() body: unknown, @CurrentPrincipal() by: Principal) {
    return this.tell(id, 'pool_grow', { n: 1, ...parseParams(body, ['n']) }, by);
  }

  @Post('workers/:id/pool-shrink')
  @HttpCode(200)
  @Needs('administer')
  poolShrink(@Param('id') id: string, @Body() body: unknown, @CurrentPrincipal() by: Principal) {
    return this.tell(id, 'pool_shrink', { n: 1, ...parseParams(body, ['n']) }, by);
  }

  @Post('workers/:id/autoscale')
  @HttpCode(200)
  @Needs('administer')
  autoscale(@Param('id') id: string, @Body() body: unknown, @CurrentPrincipal() by: Principal) {
    return this.tell(id, 'autoscale', parseParams(body, ['max', 'min']), by);
  }

  @Post('workers/:id/add-queue')
  @HttpCode(200)
  @Needs('administer')
  addQueue(@Param('id') id: string, @Body() body: unknown, @CurrentPrincipal() by: Principal) {
    return this.tell(id, 'add_consumer', parseParams(body, ['queue']), by);
  }

  @Post('workers/:id/cancel-queue')
  @HttpCode(200)
  @Needs('administer')
  cancelQueue(@Param('id') id: string, @Body() body: unknown, @CurrentPrincipal() by: Principal) {
    return this.tell(id, 'cancel_consumer', parseParams(body, ['queue']), by);
  }

  /** What it is told is checked there, so that nothing is done with what does not fit. */
  private async tell(
    id: string,
    what: Control,
    params: Record<string, unknown>,
    principal: Principal,
    timeout = '5s',
  ): Promise<WorkerAnswer> {
    const workers = await this.nameOf(id);
    return answerOf(
      await this.remote.control(what, params as never, {
        workers,
        timeout,
        by: byOf(principal),
      }),
    );
  }

  /** The id, since a name may be that of a dead worker as well. @throws UnknownWorkerError */
  private async nameOf(id: string): Promise<string> {
    return (await this.administration.worker(assertWorker(id))).id;
  }
}

function answerOf<T>({ replies, missing }: Answers<T>): WorkerAnswer {
  const [reply] = replies;
  if (!reply) throw new WorkerSilentError(`the worker ${missing[0]?.name ?? ''} did not answer in time`);
  if (!reply.ok) throw new ControlRefusedError(`${reply.worker}: ${reply.error.message}`);
  return { worker: reply.worker, value: reply.value };
}
