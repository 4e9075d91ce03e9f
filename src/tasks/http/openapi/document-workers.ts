import { ApiBody, ApiOkResponse, ApiParam, ApiQuery } from '@nestjs/swagger';
import { WORKER_QUESTIONS } from '../requests/worker-request.js';
import { WorkersController } from '../workers.controller.js';
import { ApiErrors } from './error.dto.js';
import { documentRoute } from './route.js';
import {
  AutoscaleRequestDto,
  PoolSizeRequestDto,
  QueueRequestDto,
  WorkerAnswerDto,
  WorkerDetailDto,
  WorkersDto,
} from './workers.dto.js';

const id = ApiParam({ name: 'id', description: 'Its id or its name.', schema: { type: 'string' } });
const timeout = ApiQuery({
  name: 'timeout',
  required: false,
  description: 'How long to wait for its answer, at most 60 s: a duration such as `5s`, or milliseconds.',
  schema: { type: 'string' },
});
const answer = ApiOkResponse({ type: WorkerAnswerDto });

export function documentWorkers(): void {
  documentRoute(WorkersController, 'workers', 'Workers that live, or died within the last hour', [
    ApiOkResponse({ type: WorkersDto }),
    ApiErrors(401, 403, 429, 503),
  ]);
  documentRoute(WorkersController, 'worker', 'A worker', [
    id,
    ApiOkResponse({ type: WorkerDetailDto }),
    ApiErrors(400, 401, 403, 404, 429, 503),
  ]);
  documentRoute(WorkersController, 'inspect', 'Asks a worker', [
    id,
    ApiParam({ name: 'what', schema: { type: 'string', enum: WORKER_QUESTIONS } }),
    timeout,
    answer,
    ApiErrors(400, 401, 403, 404, 409, 429, 503, 504),
  ]);
  const errors = ApiErrors(400, 401, 403, 404, 409, 413, 415, 429, 503, 504);
  documentRoute(WorkersController, 'ping', 'Whether a worker answers', [id, timeout, answer, errors]);
  for (const [method, summary] of [
    ['shutdown', 'A worker finishes what it runs, within its grace, and ends'],
    ['pause', 'A worker takes nothing more; what it runs goes on'],
    ['resume', 'A paused worker takes tasks again'],
    ['poolRestart', 'The child processes of a worker are replaced'],
  ] as const)
    documentRoute(WorkersController, method, summary, [id, answer, errors]);
  for (const [method, summary] of [
    ['poolGrow', 'A worker runs more at once; answers with how many'],
    ['poolShrink', 'A worker runs fewer at once; answers with how many'],
  ] as const)
    documentRoute(WorkersController, method, summary, [
      id,
      ApiBody({ type: PoolSizeRequestDto, required: false }),
      answer,
      errors,
    ]);
  documentRoute(
    WorkersController,
    'autoscale',
    'A worker runs as many child processes as what waits asks for',
    [id, ApiBody({ type: AutoscaleRequestDto }), answer, errors],
  );
  for (const [method, summary] of [
    ['addQueue', 'A worker takes from a queue, too; answers with all of its queues'],
    ['cancelQueue', 'A worker takes nothing more from a queue; answers with those that are left'],
  ] as const)
    documentRoute(WorkersController, method, summary, [
      id,
      ApiBody({ type: QueueRequestDto }),
      answer,
      errors,
    ]);
}
