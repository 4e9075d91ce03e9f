import { ApiBody, ApiOkResponse, ApiParam } from '@nestjs/swagger';
import { LimitsController } from '../limits.controller.js';
import { ApiErrors } from './error.dto.js';
import {
  ChangedLimitsDto,
  ChangedLimitsPageDto,
  RateRequestDto,
  TimeLimitsRequestDto,
} from './limits.dto.js';
import { documentRoute } from './route.js';

const task = ApiParam({ name: 'task', example: 'math.add', schema: { type: 'string', maxLength: 200 } });
const changed = [ApiOkResponse({ type: ChangedLimitsDto }), ApiErrors(400, 401, 403, 413, 415, 429, 503)];

export function documentLimits(): void {
  documentRoute(LimitsController, 'limits', 'What is changed of tasks while they run', [
    ApiOkResponse({ type: ChangedLimitsPageDto }),
    ApiErrors(401, 403, 429, 503),
  ]);
  documentRoute(LimitsController, 'rate', 'Changes how often a task may start, across all workers', [
    task,
    ApiBody({ type: RateRequestDto }),
    ...changed,
  ]);
  documentRoute(LimitsController, 'time', 'Changes how long a task may run, from its next start on', [
    task,
    ApiBody({ type: TimeLimitsRequestDto }),
    ...changed,
  ]);
}
