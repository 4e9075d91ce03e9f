import {
  ApiAcceptedResponse,
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiParam,
} from '@nestjs/swagger';
import { WorkflowsController } from '../workflows.controller.js';
import { ApiErrors } from './error.dto.js';
import { INHERITED, filter } from './parameters.js';
import { documentRoute } from './route.js';
import { RetryDto, RevokeRequestDto, UniqueDto } from './submission.dto.js';
import { TaskPageDto } from './task-record.dto.js';
import {
  SignalRequestDto,
  SubmittedWorkflowDto,
  WorkflowRecordDto,
  WorkflowRequestDto,
  WorkflowStepDto,
} from './workflow.dto.js';

const id = ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } });

export function documentWorkflows(): void {
  const refusals = ApiErrors(400, 401, 403, 404, 409, 413, 415, 429, 503);
  const graph = ApiOkResponse({ type: WorkflowRecordDto });
  documentRoute(WorkflowsController, 'submit', 'Submits a workflow, as a whole or not at all', [
    ApiExtraModels(RetryDto, UniqueDto, WorkflowStepDto),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'The same key with the same workflow gives the same one for 24 hours.',
      schema: { type: 'string', maxLength: 255 },
    }),
    ...INHERITED,
    ApiBody({ type: WorkflowRequestDto }),
    ApiAcceptedResponse({
      type: SubmittedWorkflowDto,
      description: 'It is stored, and will run: the record of the task that ends it.',
      headers: { Location: { description: 'Its workflowUrl.', schema: { type: 'string' } } },
    }),
    refusals,
  ]);
  documentRoute(WorkflowsController, 'list', 'Lists workflows, newest first, by the tasks that end them', [
    filter('limit', 'At most so many.', { type: 'integer', minimum: 1, maximum: 200, default: 50 }),
    filter('cursor', 'The `nextCursor` of the page before.'),
    ApiOkResponse({ type: TaskPageDto }),
    ApiErrors(400, 401, 403, 429, 503),
  ]);
  documentRoute(
    WorkflowsController,
    'get',
    'A workflow: its tasks with their states, and who waits for whom',
    [
      id,
      filter('nodes', 'At most so many tasks.', { type: 'integer', minimum: 0, maximum: 5000, default: 500 }),
      graph,
      ApiErrors(400, 401, 403, 404, 429, 503),
    ],
  );
  documentRoute(WorkflowsController, 'revoke', 'Revokes every task of a workflow that has not ended', [
    id,
    ApiBody({ type: RevokeRequestDto, required: false }),
    graph,
    refusals,
  ]);
  documentRoute(WorkflowsController, 'resume', 'Runs again what failed or was revoked, and from there on', [
    id,
    graph,
    refusals,
  ]);
  documentRoute(WorkflowsController, 'signal', 'Gives a signal that a workflow waits for', [
    id,
    ApiParam({ name: 'name', schema: { type: 'string', maxLength: 100 } }),
    ApiBody({ type: SignalRequestDto, required: false }),
    graph,
    refusals,
  ]);
}
