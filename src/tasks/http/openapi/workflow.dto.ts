import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { TASK_STATES, type TaskState } from '../../store/states.js';
import type { TaskProgress } from '../../store/task-record.entity.js';
import type {
  WorkflowEdge,
  WorkflowNode,
  WorkflowProgress,
  WorkflowRecord,
} from '../../workflow/workflow-view.js';
import { ANY_JSON, ID_OR_NULL, TEXT_OR_NULL, TIME_OR_NULL } from './any-json.js';
import { KeyedSubmitOptionsDto, SubmitOptionsDto } from './submission.dto.js';
import { SubmittedTaskDto, TaskErrorDto, TaskProgressDto } from './task-record.dto.js';

const STEP = { $ref: '#/components/schemas/WorkflowStepDto' } as const;
const STEPS = { type: 'array', items: STEP } as const;

/** A task (`name`), or a `chain`, a `group`, or named `tasks`: one of the four. */
export class WorkflowStepDto {
  @ApiPropertyOptional({ example: 'math.add', description: 'A task.' })
  name?: string;

  @ApiPropertyOptional({
    type: 'array',
    items: {},
    example: [2, 3],
    description: 'All of its arguments, or all but the first, which the step before gives.',
  })
  args?: unknown[];

  @ApiPropertyOptional({ type: () => SubmitOptionsDto })
  options?: SubmitOptionsDto;

  @ApiPropertyOptional({ description: 'Takes nothing of the step before. Default false.' })
  immutable?: boolean;

  @ApiPropertyOptional({ ...STEPS, description: 'One after the other.' })
  chain?: WorkflowStepDto[];

  @ApiPropertyOptional({ ...STEPS, description: 'Side by side.' })
  group?: WorkflowStepDto[];

  @ApiPropertyOptional({
    description: 'Of a group: what waits for it goes on when one has failed, with null in its place.',
  })
  allowFailures?: boolean;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: {
      allOf: [
        STEP,
        {
          type: 'object',
          properties: {
            after: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
          },
        },
      ],
    },
    description:
      'Named steps, each after those that it names: one hands over its result, a list an object of results.',
  })
  tasks?: Record<string, WorkflowStepDto & { after?: string | string[] }>;

  @ApiPropertyOptional({ oneOf: [STEP, STEPS], description: 'Runs with its result when it has succeeded.' })
  link?: WorkflowStepDto | WorkflowStepDto[];

  @ApiPropertyOptional({ oneOf: [STEP, STEPS], description: 'Runs with its failure when it has failed.' })
  linkError?: WorkflowStepDto | WorkflowStepDto[];
}

export class WorkflowOptionsDto extends PickType(KeyedSubmitOptionsDto, [
  'queue',
  'priority',
  'countdown',
  'eta',
  'tags',
  'headers',
  'meta',
  'idempotencyKey',
]) {}

export class WorkflowRequestDto {
  @ApiProperty({ type: () => WorkflowStepDto })
  workflow!: WorkflowStepDto;

  @ApiPropertyOptional({
    type: () => WorkflowOptionsDto,
    description: 'Of all steps that do not say otherwise.',
  })
  options?: WorkflowOptionsDto;
}

export class SubmittedWorkflowDto extends SubmittedTaskDto {
  @ApiProperty({ description: 'Where its graph is.' })
  workflowUrl!: string;
}

export class WorkflowProgressDto implements WorkflowProgress {
  @ApiProperty({ type: 'integer' })
  total!: number;

  @ApiProperty({ type: 'integer' })
  waiting!: number;

  @ApiProperty({ type: 'integer' })
  pending!: number;

  @ApiProperty({ type: 'integer' })
  started!: number;

  @ApiProperty({ type: 'integer' })
  retry!: number;

  @ApiProperty({ type: 'integer' })
  succeeded!: number;

  @ApiProperty({ type: 'integer' })
  failed!: number;

  @ApiProperty({ type: 'integer' })
  revoked!: number;

  @ApiProperty({ description: 'Ended, well or not, of the total.' })
  percent!: number;
}

export class WorkflowNodeDto implements WorkflowNode {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  queue!: string;

  @ApiProperty({ enum: TASK_STATES })
  state!: TaskState;

  @ApiProperty({ type: 'integer' })
  attempt!: number;

  @ApiProperty({ type: () => TaskProgressDto, nullable: true })
  progress!: TaskProgress | null;

  @ApiProperty({ type: () => TaskErrorDto, nullable: true })
  error!: TaskErrorDto | null;

  @ApiProperty(ID_OR_NULL)
  groupId!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty(TIME_OR_NULL)
  startedAt!: string | null;

  @ApiProperty(TIME_OR_NULL)
  finishedAt!: string | null;

  @ApiProperty({ type: Number, nullable: true })
  runtimeMs!: number | null;

  @ApiProperty({ ...TEXT_OR_NULL, description: '`not needed` for a callback that did not have to run.' })
  revokedReason!: string | null;
}

export class WorkflowEdgeDto implements WorkflowEdge {
  @ApiProperty({ format: 'uuid', description: 'The task that is waited for.' })
  from!: string;

  @ApiProperty({ format: 'uuid', description: 'The one that waits.' })
  to!: string;

  @ApiProperty({ enum: ['result', 'settled', 'failure', 'success'] })
  kind!: WorkflowEdge['kind'];
}

export class WorkflowRecordDto implements WorkflowRecord {
  @ApiProperty({ format: 'uuid', description: 'That of the task that ends last.' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: TASK_STATES })
  state!: TaskState;

  @ApiProperty({ type: () => TaskErrorDto, nullable: true })
  error!: TaskErrorDto | null;

  @ApiProperty(TEXT_OR_NULL)
  owner!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  tags!: Record<string, string>;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty(TIME_OR_NULL)
  finishedAt!: string | null;

  @ApiProperty({ type: () => WorkflowProgressDto })
  progress!: WorkflowProgressDto;

  @ApiProperty({ type: () => [WorkflowNodeDto] })
  nodes!: WorkflowNodeDto[];

  @ApiProperty({ type: () => [WorkflowEdgeDto] })
  edges!: WorkflowEdgeDto[];

  @ApiProperty({ description: 'Whether there are more nodes.' })
  truncated!: boolean;
}

export class SignalRequestDto {
  @ApiPropertyOptional({ ...ANY_JSON, description: 'What `ctx.waitFor()` returns. Default null.' })
  payload?: unknown;
}
